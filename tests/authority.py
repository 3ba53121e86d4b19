"""A certification authority by openssl."""

import ssl
import subprocess

NEW_KEY = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


# What `openssl ca` needs to know before it takes a certificate back. With crlnumber a list has version 2.
BOOK = """[ca]
default_ca = own
[own]
database = {folder}/index.txt
crlnumber = {folder}/crlnumber
default_md = sha256
certificate = {folder}/ca.pem
private_key = {folder}/ca.key
"""


class Authority:
    """Its key and certificate, and those it makes, in a folder."""

    def __init__(self, folder, subject="/CN=Test CA"):
        self.folder = folder
        folder.mkdir(exist_ok=True)
        self.book = folder / "ca.cnf"
        self.book.write_text(BOOK.format(folder=folder))
        (folder / "index.txt").touch()
        (folder / "crlnumber").write_text("01\n")
        self.key, self.certificate = folder / "ca.key", folder / "ca.pem"
        out = ["-keyout", self.key, "-out", self.certificate]
        subprocess.run([*NEW_KEY, "-x509", "-subj", subject, "-days", "2", *out], check=True, capture_output=True)

    def certify(self, file, subject, alternatives=None):
        """A key and a certificate of that subject."""
        key, request, certificate = (self.folder / f"{file}.{end}" for end in ("key", "csr", "pem"))
        out = ["-keyout", key, "-out", request]
        subprocess.run([*NEW_KEY, "-subj", subject, *out], check=True, capture_output=True)
        extensions = self.folder / f"{file}.ext"
        extensions.write_text(f"subjectAltName = {alternatives}\n" if alternatives else "basicConstraints = CA:FALSE\n")
        sign = ["openssl", "x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial"]
        subprocess.run(
            [*sign, "-days", "2", "-extfile", extensions, "-out", certificate], check=True, capture_output=True
        )
        return key, certificate

    def revoke(self, *files):
        """Takes certificates back; who reads a list learns of it."""
        for file in files:
            self._keep_books("-revoke", self.folder / f"{file}.pem")

    def list_revoked(self, file, *how, form="PEM"):
        """Writes the list of what was taken back, in one step."""
        written = self.folder / "new.crl"
        self._keep_books("-gencrl", "-out", written, *(how or ("-crldays", "1")))
        if form == "DER":
            convert = ["openssl", "crl", "-in", written, "-outform", "DER", "-out", written]
            subprocess.run(convert, check=True, capture_output=True)
        written.replace(file)

    def _keep_books(self, *what):
        subprocess.run(["openssl", "ca", "-config", self.book, *what], check=True, capture_output=True)

    def client(self, file=None):
        """How a client sees the server, and shows itself."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if file is not None:
            context.load_cert_chain(self.folder / f"{file}.pem", self.folder / f"{file}.key")
        return context
