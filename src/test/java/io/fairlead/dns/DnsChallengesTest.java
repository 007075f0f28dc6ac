package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Flags;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;
import org.xbill.DNS.Section;
import org.xbill.DNS.TXTRecord;

/** What an authority asks a name server to see that names are ours. */
final class DnsChallengesTest {
  private static final String TEXT = "gfj9Xq-Rg85nM";

  private final Worker worker = new Worker(200, Responder.TCP_LIMIT, 1);

  private Message ask(TestServer server, String question) throws IOException {
    byte[] sent = Corpus.assemble("H:0000:1:0:0:0 Q:" + question);
    System.arraycopy(sent, 0, worker.in, 0, sent.length);
    worker.peer.set(java.net.InetAddress.ofLiteral("192.0.2.1"));
    int size = server.server.answer(worker, sent.length, true);
    return new Message(java.util.Arrays.copyOf(worker.answer.out, size));
  }

  private static TestServer start() throws IOException {
    return TestServer.start("zones: { fl.test: { file: fl.test.zone } }\n");
  }

  private List<String> texts(Message answer) {
    return answer.getSection(Section.ANSWER).stream()
        .map(record -> ((TXTRecord) record).getStrings().getFirst())
        .toList();
  }

  @Test
  void whatIsAskedForIsAnsweredWhileItIs() throws IOException {
    try (TestServer server = start()) {
      String question = "_acme-challenge.www.fl.test:TXT";
      assertThat(ask(server, question).getRcode()).isEqualTo(Rcode.NXDOMAIN);
      server.challenges.show(Map.of("www.fl.test", List.of(TEXT, "of the wildcard")));
      Message answer = ask(server, question);
      assertThat(texts(answer)).containsExactlyInAnyOrder(TEXT, "of the wildcard");
      assertThat(answer.getHeader().getFlag(Flags.AA)).isTrue();
      assertThat(texts(ask(server, "_ACME-Challenge.WWW.fl.test:TXT"))).hasSize(2);
      server.challenges.show(Map.of());
      assertThat(ask(server, question).getRcode()).isEqualTo(Rcode.NXDOMAIN);
    }
  }

  /** Resolvers that ask label by label end at a name that is not there (RFC 8020). */
  @Test
  void namesOnTheWayThereAreThereWithoutRecords() throws IOException {
    try (TestServer server = start()) {
      assertThat(ask(server, "new.deep.fl.test:A").getRcode()).isEqualTo(Rcode.NXDOMAIN);
      server.challenges.show(Map.of("new.deep.fl.test", List.of(TEXT)));
      for (String question :
          List.of("deep.fl.test:A", "new.deep.fl.test:A", "_acme-challenge.new.deep.fl.test:A")) {
        Message answer = ask(server, question);
        assertThat(answer.getRcode()).as(question).isEqualTo(Rcode.NOERROR);
        assertThat(answer.getSection(Section.ANSWER)).as(question).isEmpty();
        assertThat(answer.getSection(Section.AUTHORITY)).as(question).hasSize(1);
      }
      assertThat(ask(server, "ew.deep.fl.test:A").getRcode()).isEqualTo(Rcode.NXDOMAIN);
      assertThat(texts(ask(server, "_acme-challenge.new.deep.fl.test:TXT"))).containsExactly(TEXT);
    }
  }

  @Test
  void namesOfOthersAreNotAnswered() throws IOException {
    try (TestServer server = start()) {
      server.challenges.show(Map.of("shop.example", List.of(TEXT)));
      assertThat(ask(server, "_acme-challenge.shop.example:TXT").getRcode())
          .isEqualTo(Rcode.REFUSED);
    }
  }
}
