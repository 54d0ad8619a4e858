# A visitor of a TLS port that asks for the first bytes of /20m, half-closes, reads nothing for a while, and then all: half_closed.py ADDRESS
# NAME CA-FILE BYTES PAUSE. Prints how many bytes of the body came.
import os, socket, ssl, sys, time

address, name, ca, size, pause = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5])
plain = socket.socket()
plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
plain.connect((address, 443))
tls = ssl.create_default_context(cafile=ca).wrap_socket(plain, server_hostname=name)
tls.sendall(f"GET /20m HTTP/1.1\r\nHost: {name}\r\nRange: bytes=0-{size - 1}\r\n\r\n".encode())
socket.socket(fileno=os.dup(tls.fileno())).shutdown(socket.SHUT_WR)
time.sleep(pause)
got = b""
try:
    while part := tls.recv(65536):
        got += part
except OSError as e:
    print(e, file=sys.stderr)
print(len(got) - got.find(b"\r\n\r\n") - 4)
