"""What only the processes of a container tell, one by one; optional, since it costs with them."""
