package io.fairlead.dns;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.Fuzz;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.xbill.DNS.Message;
import org.xbill.DNS.Rcode;

/**
 * Mutates the corpus: whatever comes, there is an answer that others can read, or none, and an
 * error is never larger than the question.
 */
final class DnsFuzzTest {
  @Test
  void whateverComesIsAnsweredWellOrNotAtAll() throws Exception {
    List<byte[]> seeds = Corpus.read().stream().map(Corpus.Case::question).toList();
    Worker worker = new Worker(200, Responder.TCP_LIMIT, 1);
    worker.peer.set(InetAddress.ofLiteral("192.0.2.200"));
    try (TestServer server =
        TestServer.start(
            """
            server-id: fairlead
            response-rate: off
            sites: { east: "10.0.0.0/8" }
            zones:
              fl.test:
                file: fl.test.zone
                balanced: { b: { pools: shop, policy: source-hash, alpn: h2 } }
            """)) {
      server.set("b.fl.test/1", TestServer.many(3));
      Fuzz.run(
          "DNS questions",
          2,
          0.05,
          random -> {
            byte[] question = mutate(seeds.get(random.nextInt(seeds.size())), random);
            boolean tcp = random.nextBoolean();
            try {
              return check(server, worker, question, tcp);
            } catch (Exception | AssertionError e) {
              throw new AssertionError(HexFormat.of().formatHex(question) + " tcp " + tcp, e);
            }
          });
    }
  }

  private static boolean check(TestServer server, Worker worker, byte[] question, boolean tcp)
      throws Exception {
    System.arraycopy(question, 0, worker.in, 0, question.length);
    int size = server.server.answer(worker, question.length, tcp);
    boolean isQuestion = question.length >= Query.HEAD && question[2] >= 0;
    if (size <= 0) {
      assertThat(isQuestion).as("a question without an answer").isFalse();
      return false;
    }
    assertThat(isQuestion).as("an answer to no question").isTrue();
    assertThat(size).isLessThanOrEqualTo(tcp ? Responder.TCP_LIMIT : Responder.UDP_LIMIT);
    byte[] answer = Arrays.copyOf(worker.answer.out, size);
    assertThat(answer[0]).isEqualTo(question[0]);
    assertThat(answer[1]).isEqualTo(question[1]);
    assertThat(answer[2] & 0x80).isEqualTo(0x80);
    if (worker.query.hasSubnet && worker.query.subnetFamily == 0) {
      return true; // "nothing of me" without a family, which dig sends and dnsjava does not read
    }
    Message message = new Message(answer); // others can read it
    boolean good = message.getRcode() == Rcode.NOERROR || message.getRcode() == Rcode.NXDOMAIN;
    boolean signed = message.getTSIG() != null && message.getTSIG().getSignature().length > 0;
    if (!good && !signed) {
      assertThat(size).as("an error and its question").isLessThanOrEqualTo(question.length);
    }
    return good;
  }

  private static byte[] mutate(byte[] seed, SplittableRandom random) {
    byte[] bytes = seed.clone();
    for (int i = random.nextInt(4); i > 0 && bytes.length > 0; i--) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] = (byte) random.nextInt(256);
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        case 3 -> {
          byte[] name = Corpus.assemble("H:0000:1:0:0:0 Q:b.fl.test:A");
          int from = Math.min(at, name.length - 1);
          System.arraycopy(name, from, bytes, at, Math.min(name.length - from, bytes.length - at));
        }
        default -> {
          byte[] longer = new byte[bytes.length + 1];
          System.arraycopy(bytes, 0, longer, 0, at);
          System.arraycopy(bytes, at, longer, at + 1, bytes.length - at);
          longer[at] = bytes[random.nextInt(bytes.length)];
          bytes = longer;
        }
      }
    }
    return bytes;
  }
}
