# Empty until the installed tree is described.
