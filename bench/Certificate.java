import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The certificate that all proxies show: ECDSA on P-256, made for the run by openssl.
 *
 * @param certificate PEM
 * @param key PEM
 * @param both in one file, as HAProxy wants them
 */
record Certificate(Path certificate, Path key, Path both) {
  static Certificate of(Path work) throws IOException {
    Certificate files =
        new Certificate(
            work.resolve("bench.pem"), work.resolve("bench.key"), work.resolve("bench-both.pem"));
    if (!Files.exists(files.both)) {
      make(files);
    }
    return files;
  }

  private static void make(Certificate files) throws IOException {
    Process openssl =
        new ProcessBuilder(
                List.of(
                    "openssl",
                    "req",
                    "-x509",
                    "-newkey",
                    "ec",
                    "-pkeyopt",
                    "ec_paramgen_curve:prime256v1",
                    "-nodes",
                    "-days",
                    "365",
                    "-subj",
                    "/CN=bench.example",
                    "-keyout",
                    files.key.toString(),
                    "-out",
                    files.certificate.toString()))
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    try {
      if (openssl.waitFor() != 0) {
        throw new IOException("openssl could not make a certificate");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while openssl made a certificate", e);
    }
    Files.writeString(
        files.both, Files.readString(files.certificate) + Files.readString(files.key));
  }
}
