package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.AffinityConfig;
import io.fairlead.config.AffinityConfig.SameSite;
import io.fairlead.config.AffinityConfig.Secure;
import io.fairlead.config.HostPort;
import io.fairlead.service.Node;
import io.fairlead.service.NodeSpec;
import io.fairlead.service.Service;
import io.fairlead.service.Standing;
import io.fairlead.telemetry.AffinityCounter;
import io.fairlead.telemetry.EventLog;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What cookies say, and what is understood of them. */
final class AffinityTableTest {
  private static final byte[] KEY = Ascii.bytes("a key that nobody knows");
  private static final byte[] OTHER_KEY = Ascii.bytes("another key nobody knows");

  private final Service service = service("shop", 3);

  private static Service service(String name, int nodes) {
    Service made = new Service(name, 1, new EventLog(() -> 0), () -> 0);
    List<NodeSpec> specs = new ArrayList<>();
    for (int i = 0; i < nodes; i++) {
      HostPort address = new HostPort("10.0." + i / 250 + "." + (i % 250 + 1), 8080);
      specs.add(new NodeSpec(address, "n" + i, 1, "", "file"));
    }
    made.setMembers(specs);
    return made;
  }

  private static AffinityConfig config(Duration maxAge) {
    return new AffinityConfig(
        "N",
        List.of(),
        maxAge,
        Duration.ofMinutes(5),
        Duration.ofHours(1),
        Secure.AUTO,
        SameSite.LAX,
        "/");
  }

  private static AffinityTable table(Service of, byte[]... keys) {
    return new AffinityTokens(of.name(), config(Duration.ZERO), List.of(keys))
        .table(of.nodes().all(), 0);
  }

  /** The field by which the table sends a client to that node. */
  private static String field(AffinityTable table, Node node, boolean tls) {
    Head answer = new Head();
    answer.reset();
    assertThat(table.add(answer, node, tls)).isTrue();
    return Ascii.text(answer.bytes, answer.valueStart(0), answer.valueEnd(0));
  }

  private static String value(AffinityTable table, Node node) {
    String field = field(table, node, false);
    return field.substring(2, field.indexOf(';'));
  }

  private static AffinityTable.Found read(AffinityTable table, String cookies) {
    AffinityTable.Found found = new AffinityTable.Found();
    table.read(
        CookieFieldTest.parsed("GET / HTTP/1.1\r\nHost: a\r\nCookie: " + cookies + "\r\n\r\n"),
        found);
    return found;
  }

  private static AffinityCounter outcome(AffinityTable table, String value) {
    return read(table, "N=" + value).outcome;
  }

  @Test
  void whatIsSetNamesItsNode() {
    Service many = service("shop", 5000);
    AffinityTable table = table(many, KEY);
    Set<String> values = new HashSet<>();
    for (Node node : many.nodes().all()) {
      String value = value(table, node);
      assertThat(value).matches("[A-Za-z0-9_-]{20}").doesNotContain("10.0");
      assertThat(values.add(value)).isTrue();
      AffinityTable.Found found = read(table, "a=1; N=" + value + "; b=2");
      assertThat(found.node).isSameAs(node);
      assertThat(found.current).isTrue();
      assertThat(found.outcome).isEqualTo(AffinityCounter.HIT);
    }
  }

  @Test
  void theFieldIsSafeUnlessSomebodySaysOtherwise() {
    AffinityTable table = table(service, KEY);
    Node node = service.nodes().all()[0];
    assertThat(field(table, node, false)).matches("N=.{20}; Path=/; HttpOnly; SameSite=Lax");
    assertThat(field(table, node, true)).matches("N=.{20}; Path=/; HttpOnly; SameSite=Lax; Secure");
    AffinityConfig other =
        new AffinityConfig(
            "N",
            List.of(),
            Duration.ofHours(2),
            Duration.ofMinutes(5),
            Duration.ofHours(1),
            Secure.ALWAYS,
            SameSite.NONE,
            "/shop");
    table = new AffinityTokens("shop", other, List.of(KEY)).table(service.nodes().all(), 0);
    assertThat(field(table, node, false))
        .matches("N=.{20}; Path=/shop; Max-Age=7200; HttpOnly; SameSite=None; Secure");
  }

  @Test
  void everyInstanceWithTheKeySaysTheSame() {
    Node node = service.nodes().all()[1];
    assertThat(value(table(service, KEY), node)).isEqualTo(value(table(service, KEY), node));
    assertThat(value(table(service, KEY), node))
        .isNotEqualTo(value(table(service, OTHER_KEY), node));
  }

  @Test
  void ofAnotherServiceOrKeyIsForeign() {
    AffinityTable table = table(service, KEY);
    Service other = service("cart", 3); // with nodes at the same addresses
    assertThat(outcome(table, value(table(other, KEY), other.nodes().all()[0])))
        .isEqualTo(AffinityCounter.FOREIGN);
    assertThat(outcome(table, value(table(service, OTHER_KEY), service.nodes().all()[0])))
        .isEqualTo(AffinityCounter.FOREIGN);
  }

  @Test
  void anOldKeyIsUnderstoodAndNotUsedAgain() {
    Node node = service.nodes().all()[0];
    String old = value(table(service, OTHER_KEY), node);
    AffinityTable both = table(service, KEY, OTHER_KEY);
    AffinityTable.Found found = read(both, "N=" + old);
    assertThat(found.node).isSameAs(node);
    assertThat(found.current).isFalse(); // to be renewed
    assertThat(value(both, node)).isEqualTo(value(table(service, KEY), node));
  }

  @ParameterizedTest
  @CsvSource({
    "'',                        MALFORMED",
    "x,                         MALFORMED",
    "0123456789012345678,       MALFORMED", // a character too few
    "012345678901234567890,     MALFORMED", // one too many
    "0123456789012345678!,      MALFORMED",
    "\"0123456789012345678\",   MALFORMED",
    "01234567890123456789,      FOREIGN"
  })
  void whatWeDoNotSayIsNothingToUs(String value, AffinityCounter outcome) {
    assertThat(outcome(table(service, KEY), value)).isEqualTo(outcome);
  }

  @Test
  void longOnesAndSeveralAreNothingToUs() {
    AffinityTable table = table(service, KEY);
    String value = value(table, service.nodes().all()[0]);
    assertThat(outcome(table, value.repeat(500))).isEqualTo(AffinityCounter.MALFORMED);
    assertThat(read(table, "N=" + value + "; N=" + value).outcome)
        .isEqualTo(AffinityCounter.DUPLICATE);
    assertThat(read(table, "M=" + value).outcome).isEqualTo(AffinityCounter.ABSENT);
  }

  /** Each character counts. */
  @Test
  void nothingThatDiffersInOneCharacterIsAccepted() {
    AffinityTable table = table(service, KEY);
    String value = value(table, service.nodes().all()[0]);
    for (int at = 0; at < value.length(); at++) {
      for (char c : new char[] {'A', 'z', '5', '-', '_', '!'}) {
        String forged = value.substring(0, at) + c + value.substring(at + 1);
        if (!forged.equals(value)) {
          assertThat(read(table, "N=" + forged).node).as(forged).isNull();
        }
      }
    }
  }

  @Test
  void nothingThatIsGuessedIsAccepted() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    AffinityTable table = table(service, KEY);
    String tag = value(table, service.nodes().all()[0]).substring(0, AffinityTokens.TAG);
    for (int i = 0; i < 50_000; i++) {
      StringBuilder guess = new StringBuilder(tag);
      IntStream.range(0, 16).forEach(_ -> guess.append((char) (0x21 + random.nextInt(0x5A))));
      AffinityTable.Found found = read(table, "N=" + guess.toString().replace(';', '.'));
      assertThat(found.node).as("seed %d: %s", seed, guess).isNull();
    }
  }

  /** A cookie lives for an hour, so a period is half of one; minutes after a period has begun. */
  @ParameterizedTest
  @CsvSource({
    "0,   0,   HIT,     true",
    "0,   29,  HIT,     true",
    "0,   30,  HIT,     false", // to be renewed
    "29,  31,  HIT,     false",
    "0,   89,  HIT,     false", // nobody has kept it for so long
    "0,   90,  UNKNOWN, false",
    "29,  89,  HIT,     false", // after its hour
    "30,  29,  HIT,     false", // made by an instance whose clock is ahead
    "60,  29,  UNKNOWN, false"
  })
  void cookiesHaveTheirTime(long set, long read, AffinityCounter outcome, boolean current) {
    long start = 1_800_000L * 1_000_000;
    AffinityTokens tokens = new AffinityTokens("shop", config(Duration.ofHours(1)), List.of(KEY));
    Node[] nodes = service.nodes().all();
    String value = value(tokens.table(nodes, start + Duration.ofMinutes(set).toMillis()), nodes[0]);
    AffinityTable.Found found =
        read(tokens.table(nodes, start + Duration.ofMinutes(read).toMillis()), "N=" + value);
    assertThat(found.outcome).isEqualTo(outcome);
    assertThat(found.current).isEqualTo(current);
  }

  @Test
  void whetherItsNodeCanBeAskedIsSeenAtOnce() {
    AffinityTable table = table(service, KEY);
    Node node = service.nodes().all()[0];
    String value = value(table, node);
    service.setDraining(node, true, "mona");
    assertThat(outcome(table, value)).isEqualTo(AffinityCounter.HIT);
    service.setUp(node, false, "refused");
    assertThat(outcome(table, value)).isEqualTo(AffinityCounter.DOWN);
    service.setUp(node, true, "answered");
    service.setDraining(node, false, "mona");
    service.setStanding(node, new Standing(Standing.State.PROBATION, 0.1, "errors"));
    assertThat(outcome(table, value)).isEqualTo(AffinityCounter.HIT);
    service.setStanding(node, new Standing(Standing.State.EJECTED, 0, "errors"));
    assertThat(outcome(table, value)).isEqualTo(AffinityCounter.EJECTED);
    service.setStanding(node, Standing.GOOD);
    service.setMembers(List.of(new NodeSpec(node.address(), "n0", 0, "", "file")));
    assertThat(outcome(table, value)).isEqualTo(AffinityCounter.WEIGHT);
    service.setMembers(List.of());
    assertThat(outcome(table, value)).isEqualTo(AffinityCounter.UNKNOWN);
  }

  /** What every request does, and what an answer to a new client does. */
  @Test
  void readingAndSettingAllocateNothing() {
    com.sun.management.ThreadMXBean threads =
        (com.sun.management.ThreadMXBean) ManagementFactory.getThreadMXBean();
    AffinityTable table = table(service, KEY);
    Node node = service.nodes().all()[0];
    byte[] request =
        Ascii.bytes(
            "GET / HTTP/1.1\r\nHost: a\r\nCookie: a=1; N=" + value(table, node) + "; b=2\r\n\r\n");
    Head head = new Head();
    Head answer = new Head();
    AffinityTable.Found found = new AffinityTable.Found();
    long allocated = 0;
    int hits = 0;
    for (int round = 0; round < 3; round++) { // the first loads classes
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 1000; i++) {
        head.reset();
        head.put(request);
        HeadParser.Result _ = HeadParser.parseRequest(head, 1000, 1000, 100);
        table.read(head, found);
        CookieField.strip(head, table.cookie());
        hits += found.node == node ? 1 : 0;
        answer.reset();
        hits += table.add(answer, node, true) ? 1 : 0;
      }
      allocated = threads.getCurrentThreadAllocatedBytes() - before;
    }
    assertThat(hits).isEqualTo(6000);
    assertThat(allocated).isLessThan(100); // for 1000 requests
  }

  /** Nothing is made anew, and nothing forgotten, for members that stay. */
  @Test
  void theTableStaysAsLongAsTheMembersDo() {
    AffinityTokens tokens = new AffinityTokens("shop", config(Duration.ZERO), List.of(KEY));
    Node[] nodes = service.nodes().all();
    AffinityTable table = tokens.table(nodes, 0);
    assertThat(tokens.table(nodes.clone(), Duration.ofDays(100).toMillis())).isSameAs(table);
    AffinityTable fewer = tokens.table(new Node[] {nodes[2]}, 0);
    assertThat(fewer).isNotSameAs(table);
    assertThat(outcome(fewer, value(table, nodes[2]))).isEqualTo(AffinityCounter.HIT);
    assertThat(outcome(fewer, value(table, nodes[0]))).isEqualTo(AffinityCounter.UNKNOWN);
    assertThat(fewer.add(new Head(), nodes[0], false)).isFalse(); // has left meanwhile
  }
}
