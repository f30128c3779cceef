"""The node agent: finds containers and reads what the kernel says of them."""
