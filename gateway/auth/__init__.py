"""Authentication: tells who asks, and alone decides which customers' rows a caller may see."""
