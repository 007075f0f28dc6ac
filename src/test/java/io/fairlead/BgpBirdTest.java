package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.vip.Bird;
import io.fairlead.vip.Namespaces;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two instances that tell a real router, BIRD 2, of one address of each family: it sends clients to
 * both, and to one when the other drains or is killed. How fast is measured by {@code make
 * chaos-bgp}.
 */
@Timeout(120)
class BgpBirdTest {
  private static final String FRONT = "192.0.2.10";
  private static final String SIX = "2001:db8::10";
  private static final long PATIENCE = Duration.ofSeconds(30).toNanos();

  @TempDir private Path folder;

  private @Nullable Process first;
  private @Nullable Process second;

  private Process start(Namespaces machines, String name, String more) throws Exception {
    Path file = folder.resolve(name + ".yaml");
    Files.writeString(
        file,
        """
        data: %s-data
        logs: { enabled: false }
        listeners:
          web: { bind: "[::]:8080", routes: { service: shop } }
        services:
          shop: { nodes: "127.0.0.1:9", health: none }
        vips:
          front: { address: ["192.0.2.10", "2001:db8::10"], elect: bgp, communities: ["65010:7"] }
        bgp:
          as: 65010
          drain: 1s
          peers:
            rack: { address: "10.77.0.3", as: 65000, hold-time: 3s%s }
        """
            .formatted(name, more));
    return FairleadProcess.start(
        folder.resolve(name + ".log"),
        machines.command(name, FairleadProcess.command("-c", file.toString())));
  }

  @AfterEach
  void stop() {
    for (Process one : new Process[] {first, second}) {
      if (one != null) {
        one.destroyForcibly();
      }
    }
  }

  private static String neighbour(int number, String more) {
    return """
        protocol bgp n%d {
          local 10.77.0.3 as 65000;
          neighbor 10.77.0.%d as 65010;
          passive on;
          error wait time 1, 2;
          %s
          ipv4 { import all; export none; };
          ipv6 { import all; export none; };
        }
        """
        .formatted(number, number, more);
  }

  @Test
  void aRouterSpreadsClientsOverAllThatAreWell() throws Exception {
    Bird.assumeInstalled();
    try (Namespaces machines = Namespaces.make("a", "b", "r", "client");
        Bird router =
            Bird.start(
                machines,
                "r",
                "10.77.0.3",
                folder,
                neighbour(1, "password \"secret-one\"; ttl security on;") + neighbour(2, ""))) {
      Process a = start(machines, "a", ", password: \"secret-one\", ttl-security: true");
      first = a;
      Process b = start(machines, "b", "");
      second = b;
      await("both are in its tables", () -> routes(router, FRONT) == 2 && routes(router, SIX) == 2);
      await("and in the kernel's", () -> hops(machines, "-4", FRONT) == 2);
      await("of IPv6, too", () -> hops(machines, "-6", SIX) == 2);
      System.out.println(router.ask("show route all"));
      System.out.println(machines.run("r", "ip", "route"));
      System.out.println(machines.run("r", "ip", "-6", "route"));
      System.out.println(vips(machines, "a"));
      signal("STOP", a);
      await("frozen", () -> routes(router, FRONT) == 1);
      signal("CONT", a);
      await("back", () -> routes(router, FRONT) == 2);
      long at = System.nanoTime();
      a.destroyForcibly();
      await("killed", () -> routes(router, FRONT) == 1);
      System.out.println("killed " + (System.nanoTime() - at) / 1e6);
      signal("TERM", b);
      await("marked", () -> router.ask("show route for " + FRONT + " all").contains("(65535,0)"));
      System.out.println(router.ask("show route all"));
      await("gone", () -> routes(router, FRONT) == 0);
      assertThat(b.waitFor(40, TimeUnit.SECONDS)).isTrue();
      System.out.println(router.ask("show protocols all"));
      System.out.println(router.log());
      System.out.println(Files.readString(folder.resolve("a.log")));
      System.out.println(Files.readString(folder.resolve("b.log")));
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "\n" + logs(), e);
    }
  }

  private static long routes(Bird router, String address) throws Exception {
    try {
      return router.ask("show route for " + address).lines().filter(l -> l.contains("unicast")).count();
    } catch (java.io.IOException e) {
      return 0;
    }
  }

  private static long hops(Namespaces machines, String family, String address) throws Exception {
    return machines
        .run("r", "ip", family, "route", "show", address)
        .lines()
        .filter(line -> line.contains("via "))
        .count();
  }

  private String logs() throws Exception {
    StringBuilder all = new StringBuilder();
    for (String name : new String[] {"a", "b", "bird-r"}) {
      Path log = folder.resolve(name + ".log");
      all.append(name).append(":\n").append(Files.exists(log) ? Files.readString(log) : "none");
    }
    return all.toString();
  }

  private static String vips(Namespaces machines, String name) throws Exception {
    try {
      return machines.run(
          name, "curl", "-s", "--noproxy", "*", "http://127.0.0.1:9900/api/v1/vips");
    } catch (java.io.IOException e) {
      return ""; // it has not begun
    }
  }

  private static void signal(String name, Process process) throws Exception {
    assertThat(Tool.run("", "kill", "-" + name, Long.toString(process.pid())).status()).isZero();
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE;
    while (!condition.call()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      Thread.sleep(20);
    }
  }
}
