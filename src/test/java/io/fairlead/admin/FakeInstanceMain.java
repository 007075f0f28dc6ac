package io.fairlead.admin;

import io.fairlead.config.AdminConfig;
import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.telemetry.ErrorReason;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Opens the admin door of a pretended instance, for looking at the dashboard by hand: {@code
 * FakeInstanceMain PORT [NODES]}. One node is down, one fails now and then.
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
              new NodeSpec(new HostPort("10.20.0.11", 8443), "billing-a", 2, "north", "file"),
              new NodeSpec(new HostPort("10.20.0.12", 8443), "billing-b", 1, "south", "file"),
              new NodeSpec(new HostPort("10.20.0.13", 8443), "billing-c", 1, "south", "api")));
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
}
