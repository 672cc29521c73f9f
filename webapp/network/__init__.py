"""What all share that send to other machines: deadlines, sockets that obey them, reasons."""
