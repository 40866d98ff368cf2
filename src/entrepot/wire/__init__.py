"""What every edge of the house shares, whatever it speaks: ASGI, cookies, addresses, and the operations it is given."""
