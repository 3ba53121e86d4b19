"""A certification authority by openssl."""

import ssl
import subprocess

NEW_KEY = ["openssl", "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


class Authority:
    """Its key and certificate, and those it makes, in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.key, self.certificate = folder / "ca.key", folder / "ca.pem"
        out = ["-keyout", self.key, "-out", self.certificate]
        subprocess.run([*NEW_KEY, "-x509", "-subj", "/CN=Test CA", "-days", "2", *out], check=True, capture_output=True)

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

    def client(self, file=None):
        """How a client sees the server, and shows itself."""
        context = ssl.create_default_context(cafile=str(self.certificate))
        if file is not None:
            context.load_cert_chain(self.folder / f"{file}.pem", self.folder / f"{file}.key")
        return context
