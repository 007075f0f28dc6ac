package io.fairlead.vip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.VipAddress;
import io.fairlead.vip.VrrpAdvert.Read;
import java.net.InetAddress;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The kernel and the link themselves, in network namespaces of two machines. */
@Timeout(60)
final class LinkTest {
  private static final List<VipAddress> BOTH =
      List.of(VipAddress.parse("10.77.0.100/24"), VipAddress.parse("fd77::100/64"));

  private static Namespaces machines;

  @BeforeAll
  static void makeMachines() throws Exception {
    machines = Namespaces.make("a", "b");
  }

  @AfterAll
  static void endMachines() throws Exception {
    if (machines != null) {
      machines.close();
    }
  }

  @AfterEach
  void removeAddresses() throws Exception {
    machines.inside(
        "a",
        () -> {
          try (Link link = Link.open("eth0", BOTH, 0)) {
            link.look();
            link.release();
          }
          return true;
        });
  }

  private static Link link(String name) throws Exception {
    return machines.inside("a", () -> Link.open(name, BOTH, 0));
  }

  @Test
  void theAddressesAreThereNeverPreferredAndTheKernelTakesThemAway() throws Exception {
    try (Link link = link("eth0")) {
      assertThat(link.prepare(false)).isFalse();
      link.hold(1);
      assertThat(machines.run("a", "ip", "-o", "address", "show", "dev", "eth0"))
          .containsPattern("inet 10.77.0.100/24 brd 10.77.0.255 .*deprecated.* valid_lft [01]sec")
          .containsPattern("inet6 fd77::100/64 .*deprecated.* valid_lft [01]sec");
      long held = System.nanoTime();
      while (machines.has("a", "10.77.0.100") || machines.has("a", "fd77::100")) {
        assertThat(System.nanoTime() - held).isLessThan(TimeUnit.SECONDS.toNanos(10));
      }
      // No route of the machine has gone with them.
      assertThat(machines.run("a", "ip", "route") + machines.run("a", "ip", "-6", "route"))
          .contains("10.77.0.0/24 dev eth0")
          .contains("fd77::/64 dev eth0");
    }
  }

  @Test
  void whatIsHeldAgainStays() throws Exception {
    try (Link link = link("eth0")) {
      link.prepare(false);
      long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(1800);
      while (System.nanoTime() < until) {
        link.hold(1);
        assertThat(machines.has("a", "10.77.0.100")).isTrue();
        assertThat(machines.has("a", "fd77::100")).isTrue();
      }
      link.release();
      assertThat(machines.has("a", "10.77.0.100")).isFalse();
      link.release(); // is not there, and that is as it should be
    }
  }

  @Test
  void whatAKilledProcessLeftIsRemovedAndWhatIsHandedOverStays() throws Exception {
    try (Link before = link("eth0");
        Link link = link("eth0")) {
      before.prepare(false);
      before.hold(60);
      assertThat(link.prepare(true)).isTrue();
      assertThat(machines.has("a", "10.77.0.100")).isTrue();
      assertThat(link.prepare(false)).isTrue();
      assertThat(machines.has("a", "10.77.0.100")).isFalse();
    }
  }

  @Test
  void anAddressOfSomebodyElseIsNotTouched() throws Exception {
    machines.run("a", "ip", "address", "add", "10.77.0.100/24", "dev", "eth0");
    try (Link link = link("eth0")) {
      assertThatThrownBy(() -> link.prepare(false))
          .hasMessage(
              "10.77.0.100 is on this machine already, and it was not added by Fairlead; remove it"
                  + " there");
    }
  }

  @Test
  void whatIsMissingIsSaidInWords() throws Exception {
    try (Link link = link("eth9")) {
      assertThatThrownBy(() -> link.prepare(false)).hasMessage("interface eth9: no such interface");
    }
    try (Link link = link("lo")) {
      assertThatThrownBy(() -> link.prepare(false)).hasMessage("interface lo is no Ethernet");
    }
    machines.run("a", "ip", "link", "set", "eth0", "down");
    try (Link link = link("eth0")) {
      assertThatThrownBy(() -> link.prepare(false))
          .hasMessage("interface eth0 is down or has no carrier");
    } finally {
      machines.run("a", "ip", "link", "set", "eth0", "up");
      machines.run("a", "ip", "-6", "address", "replace", "fd77::1/64", "dev", "eth0");
    }
  }

  @Test
  void whoMayNotIsToldWhatIsMissing() {
    assertThat(new KernelException("cannot open a raw socket", KernelException.EPERM))
        .hasMessage(
            "cannot open a raw socket: not permitted; virtual IPs need the capabilities"
                + " CAP_NET_ADMIN and CAP_NET_RAW");
  }

  @Test
  void neighboursLearnWhereItIs() throws Exception {
    int ear =
        machines.inside(
            "b",
            () -> {
              int fd =
                  Posix.socket(Posix.AF_PACKET, Posix.SOCK_RAW, Short.reverseBytes((short) 3), "");
              Posix.setPatience(fd, 10_000);
              return fd;
            });
    try (Link link = link("eth0")) {
      link.prepare(false);
      link.hold(60);
      link.announce();
      String mac = HexFormat.of().formatHex(link.look().mac());
      String arp = "ffffffffffff" + mac + "0806";
      String neighbour = "333300000001" + mac + "86dd";
      boolean arpHeard = false;
      boolean neighbourHeard = false;
      while (!arpHeard || !neighbourHeard) {
        String frame = HexFormat.of().formatHex(Posix.receive(ear, 2048).data());
        arpHeard |= frame.startsWith(arp) && frame.contains("0a4d0064");
        neighbourHeard |=
            frame.startsWith(neighbour) && frame.contains("fd770000000000000000000000000100");
      }
    } finally {
      Posix.close(ear);
    }
  }

  /**
   * The kernel drops what has a wrong checksum over IPv6, so that hearing it says that ours is
   * right.
   */
  @ParameterizedTest
  @CsvSource({
    "10.77.0.1, 10.77.0.2, false",
    "10.77.0.1, 10.77.0.2, true",
    "local,     local,     false",
    "fd77::1,   fd77::2,   true"
  })
  void whatOneSaysTheOtherHears(String from, String to, boolean unicast) throws Exception {
    boolean ipv4 = from.startsWith("10.");
    InetAddress a = own("a", ipv4, from.equals("local"));
    InetAddress b = own("b", ipv4, to.equals("local"));
    BlockingQueue<Read> heard = new LinkedBlockingQueue<>();
    VrrpAdvert advert = new VrrpAdvert(51, 100, 20, List.of(BOTH.get(ipv4 ? 0 : 1).ip()));
    try (VrrpSocket listener = open("b", b, unicast ? List.of(a) : List.of(), heard);
        VrrpSocket speaker = open("a", a, unicast ? List.of(b) : List.of(), heard)) {
      assertThat(listener.source()).isEqualTo(b);
      speaker.say(advert, true);
      assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(new Read.Good(a, advert, true));
      if (ipv4) {
        speaker.say(advert, false);
        assertThat(heard.poll(10, TimeUnit.SECONDS)).isEqualTo(new Read.Good(a, advert, false));
      }
      assertThat(heard).as("nobody hears himself").isEmpty();
    }
  }

  @Test
  void whoIsNoPeerIsNotBelieved() throws Exception {
    InetAddress a = InetAddress.ofLiteral("10.77.0.1");
    InetAddress b = InetAddress.ofLiteral("10.77.0.2");
    BlockingQueue<Read> heard = new LinkedBlockingQueue<>();
    try (VrrpSocket _ = open("b", b, List.of(InetAddress.ofLiteral("10.77.0.3")), heard);
        VrrpSocket speaker = open("a", a, List.of(b), heard)) {
      speaker.say(new VrrpAdvert(51, 255, 20, List.of(BOTH.getFirst().ip())), true);
      assertThat(heard.poll(10, TimeUnit.SECONDS))
          .isEqualTo(new Read.Bad(a, VrrpAdvert.Fault.STRANGER));
    }
  }

  private static InetAddress own(String machine, boolean ipv4, boolean local) throws Exception {
    return machines.inside(
        machine,
        () -> {
          try (Link link = Link.open("eth0", BOTH, 0)) {
            return link.source(ipv4, local, Set.of());
          }
        });
  }

  private static VrrpSocket open(
      String machine, InetAddress source, List<InetAddress> peers, BlockingQueue<Read> heard)
      throws Exception {
    return machines.inside(
        machine,
        () -> {
          try (Link link = Link.open("eth0", BOTH, 0)) {
            return VrrpSocket.open(link.look(), source, peers, heard::add);
          }
        });
  }
}
