package io.fairlead;

import io.fairlead.demo.DemoTraffic;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.function.Consumer;

/**
 * A service that grows and shrinks, on one machine with nothing else needed: traffic that swings,
 * and nodes that Fairlead starts and stops for it.
 */
@SuppressWarnings("InlineFormatString") // the configuration reads best as one piece
final class ScaleDemo {
  private static final double LOW = 20;
  private static final double HIGH = 300;

  /**
   * Seconds of little traffic, of the rise, of much, of the fall, and until all nodes but two have
   * left.
   */
  private static final int[] SWING = {20, 20, 50, 20, 80};

  /** Requests under way at once. */
  private static final int WORKERS = 64;

  private static final Duration STEP = Duration.ofMillis(500);

  private static final String CONFIG =
      """
      admin: { bind: "127.0.0.1:%d" }
      data: "%s"
      listeners:
        web: { bind: "127.0.0.1:%d", routes: [ { service: shop } ] }
      services:
        shop:
          health: { http: "/healthz", interval: 1s, timeout: 500ms }
          scale:
            driver: process
            min: 2
            max: 10
            target: { requests-in-flight: 4 }
            down-after: 20s
            drain: 5s
            grace: 2s
            command: [%s]
      """;

  private ScaleDemo() {}

  /**
   * Runs it until the process is told to end.
   *
   * @param onceServing told of the instance
   */
  static int run(Consumer<Fairlead> onceServing) {
    try {
      Path data = Files.createTempDirectory("fairlead-demo-");
      try {
        return serve(data, onceServing);
      } finally {
        Demo.remove(data);
      }
    } catch (IOException | IllegalStateException e) {
      System.err.println("fairlead demo: " + e.getMessage());
      return 1;
    }
  }

  private static int serve(Path data, Consumer<Fairlead> onceServing) throws IOException {
    List<String> command =
        Demo.nodeCommand(
            "{name}", "exp:100ms", "{port}", Long.toString(ProcessHandle.current().pid()));
    String text =
        CONFIG.formatted(
            Integer.getInteger(Demo.ADMIN_PORT, 9900),
            data,
            Integer.getInteger(Demo.PORT, 8080),
            String.join(", ", command.stream().map(ScaleDemo::quoted).toList()));
    try (Fairlead fairlead =
        Fairlead.start(Demo.accepted(Demo.read(text)), text, "demo", null, null, true)) {
      fairlead.events().follow(entry -> System.out.println("  " + entry.event().text()));
      String front =
          "http://127.0.0.1:"
              + fairlead
                  .state()
                  .listeners()
                  .values()
                  .iterator()
                  .next()
                  .boundAddresses()
                  .getFirst()
                  .getPort()
              + "/";
      try (DemoTraffic traffic = DemoTraffic.start(URI.create(front), LOW, WORKERS)) {
        Thread swing = Thread.ofVirtual().name("swing").start(() -> swing(traffic));
        describe(front, fairlead.adminAddress().getPort());
        Launch.awaitEnd(fairlead, onceServing);
        swing.interrupt();
        System.out.println("traffic: " + traffic.summary().text());
      }
      int _ = fairlead.drain(Duration.ofSeconds(5));
    }
    return 0;
  }

  private static String quoted(String part) {
    return "\"" + part.replace("\\", "\\\\").replace("\"", "\\\"") + "\"";
  }

  private static void swing(DemoTraffic traffic) {
    long begin = System.nanoTime();
    try {
      while (true) {
        Thread.sleep(STEP);
        traffic.setRate(rate((System.nanoTime() - begin) / 1e9));
      }
    } catch (InterruptedException e) {
      // The demo ends.
    }
  }

  /** Requests a second at that moment. */
  static double rate(double seconds) {
    double within = seconds % (SWING[0] + SWING[1] + SWING[2] + SWING[3] + SWING[4]);
    for (int i = 0; i < SWING.length; i++) {
      if (within < SWING[i]) {
        double part = within / SWING[i];
        return switch (i) {
          case 1 -> LOW + part * (HIGH - LOW);
          case 2 -> HIGH;
          case 3 -> HIGH - part * (HIGH - LOW);
          default -> LOW;
        };
      }
      within -= SWING[i];
    }
    return LOW;
  }

  private static void describe(String front, int adminPort) {
    String door = "http://127.0.0.1:" + adminPort;
    String admin = adminPort == 9900 ? "" : " --admin " + door;
    System.out.println(
        "Fairlead demo: " + Demo.sinceStart() + " ms after the start of the process");
    System.out.println("  front end   " + front);
    System.out.println("  dashboard   " + door + "/");
    System.out.println(
        "Traffic swings between "
            + (int) LOW
            + " and "
            + (int) HIGH
            + " requests a second; nodes follow.");
    System.out.println("Try:");
    System.out.println(
        "  ./fairlead scale shop" + admin + "             # how many nodes, and why");
    System.out.println(
        "  ./fairlead scale shop 3" + admin + "           # so many; auto: as needed again");
    System.out.println("  ./fairlead nodes shop" + admin);
    System.out.println("Ctrl-C stops all of it.");
  }
}
