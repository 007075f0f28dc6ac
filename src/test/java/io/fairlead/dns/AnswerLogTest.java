package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.fairlead.Tool;
import io.fairlead.telemetry.RecordLayout;
import io.fairlead.telemetry.RecordLayout.Text;
import io.fairlead.telemetry.RecordMask;
import io.fairlead.telemetry.RecordReader;
import io.fairlead.telemetry.RecordRings;
import io.fairlead.telemetry.RecordView;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What is in the rings when somebody has an answer, or waits for one in vain. */
@Timeout(60)
final class AnswerLogTest {
  private static final String ZONE =
      """
      threads: 1
      response-rate: { rate: 5/h, slip: 2, exempt: [127.0.0.1/32, 192.0.2.0/24] }
      sites: { fra: [127.0.0.1/32] }
      zones:
        fl.test:
          file: fl.test.zone
          balanced:
            b: { pools: [ shop, { addresses: [192.0.2.99] } ], policy: source-hash, answers: 1 }
            all: { pools: shop, alpn: [h2] }
      """;

  @TempDir private Path data;
  private final Map<Integer, RecordReader> readers = new TreeMap<>();
  private TestServer server;
  private RecordRings rings;

  @BeforeEach
  void start() throws IOException {
    server = TestServer.start(ZONE);
    rings = RecordRings.open(data, 1, 4 << 20, server.names);
  }

  @AfterEach
  void stop() {
    server.close();
    rings.close();
  }

  private static Member named(String address, String name, String site, boolean up) {
    return new Member(
        InetAddress.ofLiteral(address), name, 1, site, up, false, 0, 0, Long.MAX_VALUE);
  }

  /** All that has come since: {@code protocol name type code, error; answer}. */
  private List<String> told() {
    List<String> all = new ArrayList<>();
    for (RecordView record : records()) {
      all.add(
          "%s %s %d %d %s; %s"
              .formatted(
                  RecordLayout.protocol(record.protocol()),
                  record.text(Text.PATH),
                  record.status(),
                  record.tries() - 1,
                  record.text(Text.METHOD),
                  record.text(Text.TEXT)));
    }
    return all;
  }

  private List<RecordView> records() {
    List<RecordView> all = new ArrayList<>();
    for (int ring = rings.loops() + 1; ring < rings.count(); ring++) {
      RecordReader reader = readers.computeIfAbsent(ring, rings::reader);
      while (reader.next()) {
        RecordView copy = new RecordView();
        copy.take(reader.record().bytes());
        all.add(copy);
      }
    }
    return all;
  }

  private String dig(String... words) throws Exception {
    List<String> command =
        new ArrayList<>(List.of("dig", "@127.0.0.1", "-p", "" + server.address().getPort()));
    command.addAll(List.of(words));
    return Tool.run("", command).output();
  }

  private long asked() {
    return server.server.counters().get(DnsCounter.UDP_QUERIES)
        + server.server.counters().get(DnsCounter.TCP_QUERIES);
  }

  @Test
  void everyAnswerHasARecordWhenItIsThere() throws Exception {
    server.set(
        "b.fl.test/1",
        named("192.0.2.11", "a", "fra", true),
        named("192.0.2.12", "192.0.2.12:80", "ber", true));
    server.set("b.fl.test/2", named("192.0.2.99", "192.0.2.99", "", true));
    server.server.record(rings);

    assertThat(dig("mail.fl.test")).contains("192.0.2.25");
    List<RecordView> first = records();
    assertThat(first).hasSize(1);
    RecordView record = first.getFirst();
    assertThat(record.type()).isEqualTo(RecordLayout.DNS);
    assertThat(server.names.text(record.listener()))
        .isEqualTo("127.0.0.1:" + server.address().getPort());
    assertThat(record.clientLow()).isEqualTo(0xFFFF_7F00_0001L);
    assertThat(record.weight()).isEqualTo(1);
    assertThat(record.startMicros())
        .isBetween(
            System.currentTimeMillis() * 1000 - 20_000_000,
            System.currentTimeMillis() * 1000 + 1_000_000);
    assertThat(record.totalMicros()).isBetween(0L, 10_000_000L);
    assertThat(record.id()).matches("0[0-9a-f]{23}");

    dig("+tcp", "WWW.fl.test", "AAAA");
    dig("one.fl.test");
    assertThat(dig("chain1.fl.test", "MX")).contains("CNAME");
    dig("out.fl.test");
    dig("nothing.fl.test");
    dig("host.sub.fl.test");
    dig("fl.test", "ANY", "+notcp");
    dig("fl.test", "SOA");
    dig("+notcp", "+ignore", "+bufsize=1232", "big.fl.test", "TXT");
    dig("else\\.where\\007.example");
    dig("fl.test", "CH", "TXT");
    dig("+opcode=status", "fl.test");
    dig("fl.test", "AXFR");
    dig("b.fl.test");
    dig("b.fl.test", "AAAA");
    assertThat(told())
        .containsExactlyInAnyOrder(
            "tcp www.fl.test 28 0 ; 2001:db8::1",
            "udp one.fl.test 1 0 ; 192.0.2.10",
            "udp chain1.fl.test 15 0 ; no such record",
            "udp out.fl.test 1 0 ; alias of www.example.com",
            "udp nothing.fl.test 1 3 ; no such name",
            "udp host.sub.fl.test 1 0 ; referral to sub.fl.test",
            "udp fl.test 255 0 ; 1 record",
            "udp fl.test 6 0 ; 1 record",
            "udp big.fl.test 16 0 truncated; ",
            "udp else\\046where\\007.example 1 5 no-zone; ",
            "udp fl.test 16 5 wrong-class; ",
            "udp  0 4 not-implemented; ",
            "tcp fl.test 252 5 no-transfer; ",
            "udp b.fl.test 1 0 ; 192.0.2.11 (a); pool 1 of 2: pool 1, source-hash, near fra",
            "udp b.fl.test 28 0 ; no such record");
    assertThat(asked()).as("and nothing was asked besides").isEqualTo(16);
  }

  @Test
  void whyAClientGotWhatItGot() throws Exception {
    server.server.record(rings);
    server.set(
        "b.fl.test/1",
        named("192.0.2.11", "a", "ber", true),
        named("192.0.2.12", "b", "ber", false));
    server.set("b.fl.test/2", named("192.0.2.99", "192.0.2.99", "", true));
    server.control.call(() -> server.server.force("b.fl.test", "192.0.2.11", Forced.DOWN));
    dig("b.fl.test");
    assertThat(told())
        .containsExactly(
            "udp b.fl.test 1 0 ; 192.0.2.99; pool 2 of 2: pool 2, source-hash, nobody near fra,"
                + " forced: 192.0.2.11 down");
    server.set("b.fl.test/2", named("192.0.2.99", "192.0.2.99", "", false));
    dig("b.fl.test");
    assertThat(records())
        .singleElement()
        .satisfies(record -> {
          assertThat(record.text(Text.TEXT))
              .isEqualTo(
                  "192.0.2.12 (b); pool 1 of 2: pool 1, source-hash, nobody near fra, fail-open,"
                      + " forced: 192.0.2.11 down");
          assertThat(record.has(RecordLayout.VALUABLE)).isTrue();
        });
    server.set("all.fl.test/1");
    dig("all.fl.test");
    server.set(
        "all.fl.test/1", named("192.0.2.11", "a", "", true), named("2001:db8::5", "six", "", true));
    dig("all.fl.test", "HTTPS");
    assertThat(told())
        .containsExactlyInAnyOrder(
            "udp all.fl.test 1 0 no-address; no address; no pool, round-robin, nobody near fra,"
                + " fail-open",
            "udp all.fl.test 65 0 ; 192.0.2.11 (a), 2001:db8::5 (six); pool 1, round-robin,"
                + " nobody near fra");
    server.set("all.fl.test/1", named("192.0.2.11", "a", "fra", true));
    dig("all.fl.test", "HTTPS");
    dig("b.fl.test");
    assertThat(told())
        .satisfiesExactly(
            https -> assertThat(https).contains(", near fra"),
            another -> assertThat(another).contains(", nobody near fra"));
  }

  @Test
  void whatIsNotAnsweredHasARecordToo() throws Exception {
    server.server.record(rings);
    InetSocketAddress at = server.address();
    Asker asker = new Asker(at, 20_000);
    assertThat(asker.ask("udp", new byte[11])).isNull();
    byte[] cut = Corpus.assemble("H:0000:2:0:0:0 Q:one.fl.test:A");
    assertThat(asker.ask("udp", cut)).isNotNull();
    try (Socket socket = new Socket(at.getAddress(), at.getPort())) {
      socket.getOutputStream().write(new byte[] {0, 3, 1, 2, 3});
      assertThat(socket.getInputStream().read()).as("closed").isNegative();
    }
    assertThat(told())
        .contains("udp  0 -1 no-question; ", "udp  0 1 malformed; ", "tcp  0 -1 no-question; ")
        .filteredOn(each -> !each.contains("one.fl.test"))
        .hasSize(3);
    assertThat(asked()).as("the others follow each, to know that nothing comes").isEqualTo(5);
  }

  /** From another address than the exempt one. */
  @Test
  void whatWasTooMuchIsRecorded() throws Exception {
    server.server.record(rings);
    for (int i = 0; i < 7; i++) { // the sixth is dropped: dig waits a second for it
      dig("+tries=1", "+time=1", "+ignore", "-b", "127.0.0.2", "one.fl.test");
    }
    assertThat(told())
        .hasSize(7)
        .contains("udp one.fl.test 1 -1 rate-dropped; ", "udp one.fl.test 1 0 rate-slipped; ");
    assertThat(server.server.counters().get(DnsCounter.RATE_DROPPED)).isEqualTo(1);
    assertThat(server.server.counters().get(DnsCounter.RATE_SLIPPED)).isEqualTo(1);
  }

  @Test
  void clientsAreMasked() throws Exception {
    rings.setMask(new RecordMask(24, List.of()));
    server.server.record(rings);
    dig("one.fl.test");
    assertThat(records())
        .singleElement()
        .satisfies(record -> {
          assertThat(record.clientLow()).isEqualTo(0xFFFF_7F00_0000L);
          assertThat(record.has(RecordLayout.MASKED)).isTrue();
        });
  }

  @Test
  void itIsTurnedOffAndOnWithoutLosingOne() throws Exception {
    dig("one.fl.test");
    assertThat(rings.count()).as("no ring until records are wanted").isEqualTo(2);
    server.server.record(rings);
    assertThat(rings.count()).as("a thread for datagrams, two for connections").isEqualTo(5);
    dig("one.fl.test");
    server.server.record(null);
    dig("one.fl.test");
    server.server.record(rings);
    assertThat(rings.count()).as("those that were given back are used again").isEqualTo(5);
    dig("+tcp", "one.fl.test");
    server.configure(ZONE + "  other.test: { ns: ns1.example }\n");
    dig("one.fl.test");
    assertThat(told()).hasSize(3);
    try (Stream<Path> files = Files.list(rings.path())) {
      assertThat(files.filter(file -> file.getFileName().toString().startsWith("ring"))).hasSize(5);
    }
  }

  /** Sampled or not, valuable or not: the thread that answers allocates nothing. */
  @Test
  void recordingAllocatesNothing() throws IOException {
    server.set("b.fl.test/1", named("192.0.2.11", "a", "fra", true));
    Worker worker = new Worker(100, Responder.TCP_LIMIT, 1);
    worker.log.use(rings.take(), 1);
    byte[][] questions = {
      Corpus.assemble("H:0000:1:0:0:0 Q:www.fl.test:AAAA"),
      Corpus.assemble("H:0000:1:0:0:0 Q:b.fl.test:A"),
      Corpus.assemble("H:0000:1:0:0:0 Q:nothing.fl.test:A"),
      Corpus.assemble("H:0000:1:0:0:0 Q:elsewhere.example:A"),
      Corpus.assemble("H:0000:9:0:0:0 Q:one.fl.test:A"),
    };
    worker.peer.set(InetAddress.ofLiteral("2001:db8::1"));
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    RecordReader reader = rings.reader(rings.count() - 1);
    long least = Long.MAX_VALUE;
    long recorded = 0;
    boolean begun = true;
    for (int round = 0; round < 10; round++) {
      long before = threads.getCurrentThreadAllocatedBytes();
      for (int i = 0; i < 5000; i++) {
        byte[] question = questions[i % questions.length];
        System.arraycopy(question, 0, worker.in, 0, question.length);
        int size = server.server.answer(worker, question.length, true);
        begun &= worker.log.begin();
        worker.log.add(worker, true, 0, size, i * 1_000_000L); // a thousand a second: all
        worker.log.end();
      }
      least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
      while (reader.next()) {
        recorded++;
      }
      reader.saved(reader.place());
    }
    assertThat(begun).isTrue();
    assertThat(recorded).isEqualTo(50_000);
    assertThat(least).as("compiled by then").isLessThan(5000);
  }
}
