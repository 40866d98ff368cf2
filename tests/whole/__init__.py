"""The registry as a whole: processes of its own, real sockets, real databases and stores."""
