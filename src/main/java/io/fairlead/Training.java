package io.fairlead;

import io.fairlead.config.ConfigReader;
import io.fairlead.config.FairleadConfig;
import io.fairlead.demo.Behaviour;
import io.fairlead.demo.DemoTraffic;
import io.fairlead.demo.LatencyDistribution;
import io.fairlead.demo.TestNode;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;

/**
 * A short life of an instance with traffic, a page and a reload, all on free ports. The build runs
 * it once to record which classes a start needs; with that record a start takes a fraction of the
 * time.
 */
@SuppressWarnings("InlineFormatString") // the configuration reads best as one piece
final class Training {
  private static final String CONFIG =
      """
      admin: { bind: "127.0.0.1:0" }
      listeners:
        web: { bind: "127.0.0.1:0", routes: [ { service: shop } ] }
      services:
        shop: { nodes: [ "127.0.0.1:%d" ], health: { http: "/healthz" } }
      """;

  private Training() {}

  static int run() throws IOException, InterruptedException {
    Behaviour behaviour = Behaviour.of(LatencyDistribution.parse("exp:1ms"), 0, true);
    try (TestNode node = TestNode.start("127.0.0.1", 0, "a", behaviour)) {
      String text = CONFIG.formatted(node.port());
      ConfigReader.Result read = ConfigReader.read("training", text, Path.of(""), name -> null);
      if (!(read instanceof ConfigReader.Result.Accepted(FairleadConfig config, String _))) {
        System.err.println("fairlead: the training's own configuration: " + read);
        return 1;
      }
      try (Fairlead fairlead = Fairlead.start(config, text, "training", null)) {
        InetSocketAddress front =
            fairlead.state().listeners().values().iterator().next().boundAddresses().getFirst();
        try (DemoTraffic traffic =
                DemoTraffic.start(URI.create("http://127.0.0.1:" + front.getPort() + "/"), 400);
            HttpClient client = HttpClient.newHttpClient()) {
          String door = "http://127.0.0.1:" + fairlead.adminAddress().getPort();
          for (String path : new String[] {"/", "/api/v1/status", "/api/v1/live", "/metrics"}) {
            client.send(
                HttpRequest.newBuilder(URI.create(door + path)).build(),
                HttpResponse.BodyHandlers.discarding());
          }
          Thread.sleep(Duration.ofSeconds(2));
          fairlead.apply(
              ConfigReader.read("training", text, Path.of(""), name -> null), "training");
          System.out.println("training: " + traffic.summary().text());
        }
        fairlead.drain(Duration.ofSeconds(1));
      }
    }
    return 0;
  }
}
