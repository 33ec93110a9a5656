"""The process: Matrix, clock and web on one side, commands on the other."""
