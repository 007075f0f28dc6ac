package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.Event;
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
 * Two instances on two machines and an address for both: killed, frozen, told to stop. How long
 * clients wait is measured by {@code make chaos-vip}.
 */
@Timeout(120)
class VipFailoverTest {
  private static final String FRONT = "10.77.0.100";
  private static final String LEASED = "10.77.0.101";
  private static final String SIX = "fd77::100";
  private static final long PATIENCE = Duration.ofSeconds(40).toNanos();

  @TempDir private Path folder;

  private @Nullable Process first;
  private @Nullable Process second;

  private Process start(Namespaces machines, String name, int priority) throws Exception {
    Path file = folder.resolve(name + ".yaml");
    Files.writeString(
        file,
        """
        data: %s-data
        logs: { enabled: false }
        listeners:
          web: { bind: ["0.0.0.0:8080", "10.77.0.100:8081"], routes: { service: shop } }
        services:
          shop: { nodes: "127.0.0.1:9", health: none }
        vips:
          front: { address: "10.77.0.100/24", interface: eth0, elect: vrrp, vrid: 51, priority: %d }
          six: { address: "fd77::100/64", interface: eth0, elect: vrrp, vrid: 51, priority: %d }
          %s
        """
            .formatted(
                name,
                priority,
                priority,
                // Without a group each instance would elect itself.
                name.equals("b")
                    ? "leased: { address: \"10.77.0.101/24\", interface: eth0 }"
                    : ""));
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

  @Test
  void theAddressMovesToWhoeverIsWell() throws Exception {
    try (Namespaces machines = Namespaces.make("a", "b", "client")) {
      Process a = start(machines, "a", 200);
      first = a;
      Process b = start(machines, "b", 100);
      second = b;
      await("the first owns it", () -> machines.has("a", FRONT) && machines.has("a", SIX));
      await(
          "the second one stands by",
          () -> vips(machines, "b").contains("\"state\":\"standby\",\"owner\":\"10.77.0.1\""));
      assertThat(machines.has("b", FRONT)).isFalse();
      await("it is elected alone", () -> machines.has("b", LEASED));
      assertThat(reaches(machines, FRONT + ":8080")).isTrue();
      // Bound while another one had the address.
      assertThat(Files.readString(folder.resolve("b.log"))).contains("serves on 10.77.0.100:8081");

      a.destroyForcibly(); // SIGKILL
      await("the second one takes over", () -> machines.has("b", FRONT) && machines.has("b", SIX));
      await("clients find it", () -> reaches(machines, FRONT + ":8080"));
      assertThat(reaches(machines, FRONT + ":8081")).isTrue();
      await("the kernel has taken it from the dead", () -> !machines.has("a", FRONT));

      signal("STOP", b);
      await(
          "a frozen owner loses them all",
          () -> !machines.has("b", FRONT) && !machines.has("b", SIX) && !machines.has("b", LEASED));
      signal("CONT", b);
      await("it is well again", () -> machines.has("b", FRONT) && machines.has("b", LEASED));

      signal("TERM", b);
      assertThat(b.waitFor(40, TimeUnit.SECONDS)).isTrue();
      assertThat(b.exitValue()).isZero();
      assertThat(machines.has("b", FRONT) || machines.has("b", LEASED)).isFalse();
    } catch (AssertionError e) {
      throw new AssertionError(e.getMessage() + "\n" + logs(), e);
    }
  }

  @Test
  void whatIsInTheWayIsToldByTheDoor() throws Exception {
    try (Fairlead fairlead =
        Loopback.start(
            """
            admin: { bind: "127.0.0.1:0" }
            vips:
              front: { address: "10.77.0.100/24", interface: not-there, elect: vrrp, vrid: 51 }
            """)) {
      String said = Loopback.door(fairlead, "GET", "/api/v1/vips", "").body();
      assertThat(said)
          .contains("\"name\":\"front\"", "\"state\":\"trouble\"", "\"owner\":null")
          .containsPattern("interface not-there: no such interface|not permitted");
      assertThat(fairlead.events().since(0))
          .anyMatch(entry -> entry.event() instanceof Event.VipTrouble);
    }
  }

  private String logs() throws Exception {
    StringBuilder all = new StringBuilder();
    for (String name : new String[] {"a", "b"}) {
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

  private static boolean reaches(Namespaces machines, String address) throws Exception {
    try {
      String head = "curl -s --noproxy '*' -o /dev/null --max-time 2 http://" + address + "/";
      String _ = machines.run("client", "sh", "-c", head);
      return true;
    } catch (java.io.IOException e) {
      return false;
    }
  }

  private static void signal(String name, Process process) throws Exception {
    assertThat(Tool.run("", "kill", "-" + name, Long.toString(process.pid())).status()).isZero();
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    long deadline = System.nanoTime() + PATIENCE;
    while (!condition.call()) {
      assertThat(System.nanoTime()).as(what).isLessThan(deadline);
      Thread.sleep(50);
    }
  }
}
