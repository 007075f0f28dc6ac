package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Loopback.Client;
import io.fairlead.telemetry.NodeCounter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Other people's programs as nodes that speak TLS: nginx, nghttpd, openssl. */
@Timeout(60)
final class NodeTlsPeerTest {
  @TempDir Path folder;
  private TestCertificates certificates;
  private int port;
  private @Nullable Process peer;

  @BeforeEach
  void makeCertificates() throws IOException {
    certificates = new TestCertificates(folder);
    certificates.make("node", "shop.test");
    certificates.make("own", b -> b.addExtendedKeyUsageClientAuth(), "fairlead.test");
    Files.writeString(folder.resolve("index.html"), "hello");
    port = FreePort.any();
  }

  @AfterEach
  void stop() throws InterruptedException {
    Process running = peer;
    if (running != null) {
      running.destroy();
      if (!running.waitFor(10, TimeUnit.SECONDS)) {
        running.destroyForcibly();
      }
    }
  }

  private void run(String... command) throws IOException {
    peer =
        new ProcessBuilder(List.of(command))
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
  }

  private Fairlead start(String more) throws Exception {
    Fairlead fairlead =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            listeners:
              web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
            services:
              shop:
                nodes: "127.0.0.1:%d"
                health: { tcp: true, interval: 100ms, rise: 1 }
                %s
            """
                .formatted(port, more.replace("@", folder + "/")));
    Loopback.await(
        "a probe has passed",
        () ->
            fairlead.health().history(Loopback.nodes(fairlead, "shop")[0]).stream()
                .anyMatch(probed -> probed.result().passed()));
    Loopback.await("it is up", () -> Loopback.nodes(fairlead, "shop")[0].isAvailable());
    return fairlead;
  }

  private static long counted(Fairlead fairlead, NodeCounter counter) {
    return Loopback.nodes(fairlead, "shop")[0].counters().get(counter);
  }

  @ParameterizedTest
  @CsvSource({"http1, HTTP/1.1", "h2, HTTP/2.0", "auto, HTTP/2.0"})
  void nginxWithClientCertificates(String protocol, String spoken) throws Exception {
    Files.writeString(
        folder.resolve("nginx.conf"),
        """
        daemon off; pid @pid; error_log @errors; worker_processes 1;
        events { worker_connections 64; }
        http {
          access_log off; client_body_temp_path @b; proxy_temp_path @p; fastcgi_temp_path @f;
          uwsgi_temp_path @u; scgi_temp_path @s;
          server {
            listen 127.0.0.1:%d ssl http2;
            ssl_certificate @node.pem; ssl_certificate_key @node.key;
            ssl_client_certificate @ca.pem; ssl_verify_client on;
            location / { return 200 "$server_protocol $ssl_server_name $ssl_client_s_dn"; }
          }
        }
        """
            .formatted(port)
            .replace("@", folder + "/"));
    run("nginx", "-c", folder + "/nginx.conf", "-e", folder + "/errors");
    try (Fairlead fairlead =
            start(
                "tls: { ca: \"@ca.pem\", sni: shop.test, cert: \"@own.pem\", key: \"@own.key\" }\n"
                    + "    protocol: "
                    + protocol);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      for (int i = 0; i < 5; i++) {
        assertThat(client.get("/").body()).isEqualTo(spoken + " shop.test CN=fairlead.test");
      }
      assertThat(counted(fairlead, NodeCounter.TLS_FAILED)).isZero();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"h2", "auto"})
  void nghttpd(String protocol) throws Exception {
    run("nghttpd", "-d", folder.toString(), "" + port, "node.key", "node.pem");
    try (Fairlead fairlead =
            start("tls: { ca: \"@ca.pem\", sni: shop.test }\n    protocol: " + protocol);
        Client client = new Client(Loopback.port(fairlead, "web"))) {
      for (int i = 0; i < 5; i++) {
        assertThat(client.get("/index.html").status()).isEqualTo(200);
      }
    }
  }

  /** Its answers end with the connection, which it says; every request is a handshake. */
  @ParameterizedTest
  @ValueSource(strings = {"-tls1_2", "-tls1_3"})
  void openssl(String version) throws Exception {
    run(
        "openssl",
        "s_server",
        "-accept",
        "127.0.0.1:" + port,
        "-WWW",
        version,
        "-quiet",
        "-cert",
        "node.pem",
        "-key",
        "node.key");
    try (Fairlead fairlead = start("tls: { ca: \"@ca.pem\", sni: shop.test }")) {
      for (int i = 0; i < 4; i++) {
        try (Client client = new Client(Loopback.port(fairlead, "web"))) {
          client.send("GET /index.html HTTP/1.1\r\nHost: localhost\r\n\r\n");
          assertThat(client.headOnly()).contains("HTTP/1.1 200");
          assertThat(client.headOnly()).isEqualTo("5\nhello\n0\n");
        }
      }
      assertThat(counted(fairlead, NodeCounter.TLS_FULL)).isEqualTo(1);
      assertThat(counted(fairlead, NodeCounter.TLS_RESUMED)).isEqualTo(3);
    }
  }
}
