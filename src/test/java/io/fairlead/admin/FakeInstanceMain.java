package io.fairlead.admin;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.ErrorReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * Opens the admin door of a pretended instance, for looking at the dashboard by hand: {@code
 * FakeInstanceMain PORT [NODES]}. One node is down, one is slow and gets less, one is out.
 */
final class FakeInstanceMain {
  private FakeInstanceMain() {}

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    FakeInstance instance = new FakeInstance(System::currentTimeMillis);
    if (args.length > 1) {
      instance.addService("shop", Integer.parseInt(args[1]));
    } else {
      instance.addService("shop", 3);
      instance.addService(
          "billing",
          List.of(
              labelled(11, "billing-a", 2, 0, "north", "2.4.1"),
              labelled(12, "billing-b", 1, 0, "south", "2.4.1"),
              labelled(13, "billing-c", 1, 0, "south", "2.5.0-rc1"),
              labelled(14, "billing-spare", 1, 1, "south", "2.4.1")));
    }
    speak(instance);
    if (args.length == 1) {
      judge(instance);
    }
    instance.openClients(214);
    instance.countError(ErrorReason.NO_ROUTE, 12);
    instance.countError(ErrorReason.BAD_REQUEST, 3);
    AdminServer server =
        AdminServer.start(new AdminConfig(new HostPort("127.0.0.1", port), List.of()), instance);
    System.out.println("http:/" + server.address());
    SplittableRandom random = new SplittableRandom(7);
    for (int tick = 0; ; tick++) {
      for (Service service : new ArrayList<>(instance.services())) {
        int index = 0;
        for (Node node : service.nodes().all()) {
          boolean last = index == 2 && service.name().equals("shop");
          if (tick == 30 && last) {
            instance.setUp(node, true, "answered in 2 ms");
            instance.setUp(node, false, "connection refused");
          }
          if (node.isAvailable()) {
            double wave = 1 + 0.35 * Math.sin(tick / 20.0 + index) + 0.2 * random.nextDouble();
            int requests = (int) ((service.name().equals("shop") ? 38 : 9) * wave);
            for (int i = 0; i < requests; i++) {
              double exponential = -Math.log(1 - random.nextDouble());
              boolean unwell = index == 1 && service.name().equals("billing");
              instance.traffic(
                  node,
                  1,
                  (long) (900 + 2600 * exponential * (unwell ? 6 : 1)),
                  unwell && random.nextInt(25) == 0 ? 1 : 0);
            }
            int target = random.nextInt(6);
            while (node.inFlight() < target) {
              node.requestStarted();
              node.connectionOpened();
            }
            while (node.inFlight() > target) {
              node.requestFinished();
            }
          }
          index++;
        }
      }
      Thread.sleep(Duration.ofMillis(100));
    }
  }

  private static NodeSpec labelled(
      int host, String name, int weight, int tier, String zone, String version) {
    return new NodeSpec(
        new HostPort("10.20.0." + host, 8443),
        name,
        weight,
        zone,
        tier,
        Map.of("version", version, "host", "rack-" + host),
        host == 13 ? "api" : "file");
  }

  /** Words as the balancer would find them. */
  private static void speak(FakeInstance instance) {
    for (Service service : instance.services()) {
      for (Node node : service.nodes().all()) {
        instance.setChoice(
            node,
            "expected in 4.11 ms: 2.05 ms each, 1 in flight; about as fast as others and has had"
                + " fewer requests: comes before them by 3.1 %; "
                + "tier 0, which get 100 % of the requests");
      }
    }
  }

  /** One node slowed, one out. */
  private static void judge(FakeInstance instance) {
    String slow = "slow 41 % of 210 in 10 s, others 0.4 %";
    Node second = instance.node("billing", 1);
    instance.setStanding(second, new Standing(Standing.State.PROBATION, 0.1, slow));
    Node third = instance.node("billing", 2);
    String errors = "errors 22 % of 180 in 10 s, others 0.1 %";
    instance.setStanding(
        third,
        new Standing(Standing.State.EJECTED, 0, errors, System.currentTimeMillis() + 90_000));
    instance.setChoice(
        second,
        "expected in 24.30 ms: 12.15 ms each, 1 in flight; on probation with 10 % of its share: "
            + slow
            + "; tier 0, which get 100 % of the requests");
    instance.setChoice(third, "gets nothing: ejected, " + errors);
    for (int i = 0; i < 20; i++) {
      instance.setUp(third, false, "answered 503, wanted 200-299");
      instance.setUp(third, true, "answered in 3 ms");
    }
  }
}
