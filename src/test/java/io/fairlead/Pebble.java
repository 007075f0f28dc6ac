package io.fairlead;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Pebble, the authority that Let's Encrypt makes for tests (Debian's {@code pebble}), with its
 * server of names, for which all names are this machine.
 */
final class Pebble implements AutoCloseable {
  private final Path folder;
  private final TestCertificates certificates;
  private final int port;
  private final int management;
  private final List<Process> processes = new ArrayList<>();

  /**
   * @param httpPort where it asks by http-01
   * @param tlsPort where it asks by tls-alpn-01
   * @param rejected percent of good nonces that it does not take
   */
  Pebble(Path folder, TestCertificates certificates, int httpPort, int tlsPort, int rejected)
      throws IOException, InterruptedException {
    this(folder, certificates, httpPort, tlsPort, rejected, 0);
  }

  /**
   * The same with another server of names.
   *
   * @param ownNames port of the one it asks for texts, and for everything; 0: its own
   */
  Pebble(
      Path folder,
      TestCertificates certificates,
      int httpPort,
      int tlsPort,
      int rejected,
      int ownNames)
      throws IOException, InterruptedException {
    this.folder = folder;
    this.port = FreePort.any();
    this.management = FreePort.any();
    this.certificates = certificates;
    certificates.make("pebble", "localhost", "127.0.0.1");
    int names = ownNames > 0 ? ownNames : FreePort.any();
    Path config = folder.resolve("pebble.json");
    Files.writeString(
        config,
        """
        { "pebble": {
          "listenAddress": "127.0.0.1:%d",
          "managementListenAddress": "127.0.0.1:%d",
          "certificate": "%s/pebble.pem",
          "privateKey": "%s/pebble.key",
          "httpPort": %d,
          "tlsPort": %d } }
        """
            .formatted(port, management, folder, folder, httpPort, tlsPort));
    if (ownNames == 0) {
      start(
          0,
          "pebble-challtestsrv",
          "-dns01",
          "127.0.0.1:" + names,
          "-management",
          "127.0.0.1:" + FreePort.any(),
          "-http01",
          "",
          "-https01",
          "",
          "-tlsalpn01",
          "",
          "-defaultIPv6",
          "");
    }
    start(rejected, "pebble", "-config", config.toString(), "-dnsserver", "127.0.0.1:" + names);
    Loopback.await("Pebble", () -> log().contains("Listening on: 127.0.0.1:" + port));
  }

  private void start(int rejected, String... command) throws IOException {
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("PEBBLE_VA_NOSLEEP", "1");
    builder.environment().put("PEBBLE_AUTHZREUSE", "0");
    builder.environment().put("PEBBLE_WFE_NONCEREJECT", String.valueOf(rejected));
    processes.add(builder.redirectOutput(folder.resolve(command[0] + ".log").toFile()).start());
  }

  /** What it has said of itself. */
  String log() {
    try {
      return Files.readString(folder.resolve("pebble.log"));
    } catch (IOException e) {
      return "";
    }
  }

  /** How many orders were placed. */
  int orders() {
    return log().split("Added order", -1).length - 1;
  }

  /** What it says of a certificate: Valid or Revoked. */
  String status(X509Certificate certificate) throws IOException, InterruptedException {
    return status(certificate.getSerialNumber());
  }

  String status(BigInteger serial) throws IOException, InterruptedException {
    String said =
        Tool.run(
                "",
                "curl",
                "-s",
                "--cacert",
                certificates.ca().toString(),
                "https://127.0.0.1:%d/cert-status-by-serial/%s"
                    .formatted(management, serial.toString(16)))
            .output();
    return said.replaceAll("(?s).*\"Status\": ?\"([A-Za-z]+)\".*", "$1");
  }

  /** Keys of {@code acme} that every order from it needs. */
  String keys() {
    return keys(port);
  }

  int port() {
    return port;
  }

  /** The same, by a port that leads there. */
  String keys(int port) {
    return "directory: \"https://127.0.0.1:%d/dir\", ca: \"%s\", agree-to-terms: true"
        .formatted(port, certificates.ca());
  }

  @Override
  public void close() {
    for (Process process : processes) {
      process.destroy();
      try {
        if (!process.waitFor(5, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        process.destroyForcibly();
        Thread.currentThread().interrupt();
      }
    }
  }
}
