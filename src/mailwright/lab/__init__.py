"""The lab: fakes, scripted peers and a simulated mail Internet on loopback."""
