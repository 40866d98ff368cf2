"""What runs by itself: collecting blobs nobody refers to, removing their objects, expiring uploads."""
