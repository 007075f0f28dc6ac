package io.fairlead.proxy.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.SplittableRandom;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TransactionTrackerTest {
  /**
   * What is said, in order. Of the client: {@code start}, {@code tls}, {@code hello} (TLS), {@code
   * cancel}, {@code Q} and other types of messages. Of the server, in brackets: {@code [yes]} and
   * {@code [no]} to TLS, {@code [I]}, {@code [z]} and {@code [e]} for ReadyForQuery (idle, open,
   * failed), other types. Judged at the end, whatever the pieces are that it comes in.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "start                                   | false",
        "start [R] [S]                           | false",
        "start [R] [S] [K] [I]                   | true",
        "start [R] p [R] [I]                     | true",
        "start [I] Q                             | false",
        "start [I] Q [T] [D] [C]                 | false", // a row's description, not ready
        "start [I] Q [T] [D] [C] [I]             | true",
        "start [I] Q [C] [z]                     | false", // begin
        "start [I] Q [C] [z] Q [C] [z] Q [C] [I] | true", // begin, insert, commit
        "start [I] Q [C] [z] Q [E] [e]           | false", // has failed and is still open
        "start [I] P B E                         | false", // not synchronised
        "start [I] P B E S [1] [2] [C] [I]       | true",
        "start [I] P B E S P B E S [1] [2] [C] [I]             | false", // a second batch is on its
        // way
        "start [I] P B E S P B E S [1] [2] [C] [I] [2] [C] [I] | true",
        "start [I] P B E S P [1] [2] [C] [I]     | false", // and the second is not complete
        "start [I] Q [G] d d c [C] [I]           | true", // copy in
        "start [I] F [V] [I]                     | true",
        "tls [no] start [I]                      | true",
        "tls [yes] hello                         | false",
        "hello                                   | false",
        "cancel                                  | false",
        "rubbish                                 | false",
      })
  void whetherItIsBetweenTransactions(String said, boolean between) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int most : new int[] {1, 2, 3, 7, 1000}) {
      TransactionTracker tracker = new TransactionTracker();
      for (String word : said.strip().split(" +", -1)) {
        boolean server = word.startsWith("[");
        ByteBuf bytes = Unpooled.wrappedBuffer(server ? answer(word) : question(word));
        while (bytes.isReadable()) {
          ByteBuf piece =
              bytes.readSlice(Math.min(bytes.readableBytes(), 1 + random.nextInt(most)));
          if (server) {
            tracker.server(piece);
          } else {
            tracker.client(piece);
            assertThat(tracker.isBetweenTransactions()).as("%s, seed %d", said, seed).isFalse();
          }
        }
      }
      assertThat(tracker.isBetweenTransactions()).as("%s, seed %d", said, seed).isEqualTo(between);
      tracker.reset();
      assertThat(tracker.isBetweenTransactions()).isFalse();
    }
  }

  private static byte[] question(String word) {
    return switch (word) {
      case "start" -> untyped(196_608, "user\0admin\0\0");
      case "tls" -> untyped(80_877_103, "");
      case "cancel" -> untyped(80_877_102, "pid+secr");
      case "hello" -> new byte[] {0x16, 3, 1, 0, 5, 1, 0, 0, 1, 3};
      case "rubbish" -> "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
      default -> typed(word.charAt(0), "select 1\0");
    };
  }

  /** Whatever the pieces are that it comes in, the client gets no word of what comes after it. */
  @ParameterizedTest
  @CsvSource({
    "\\0RSyncRepWaitForLSN\\0\\0, true",
    "\\0RSyncRep\\0RSyncRepWaitForLSN\\0\\0, true",
    "\\0MSyncRepWaitForLSN\\0\\0, false",
    "\\0RSyncRepWaitForLSNs\\0\\0, false"
  })
  void aCommitThatWasNotWaitedForIsUncertain(String fields, boolean uncertain) {
    ByteBuf greeting = Unpooled.wrappedBuffer(question("start"));
    ByteBuf said =
        Unpooled.wrappedBuffer(
            answer("[I]"),
            typed('N', "SWARNING\0C01000\0Fsyncrep.c" + fields.replace("\\0", "\0")),
            typed('C', "INSERT 0 1\0"),
            answer("[I]"));
    int before = answer("[I]").length;
    for (int size = 1; size <= said.readableBytes(); size++) {
      TransactionTracker tracker = new TransactionTracker();
      tracker.client(greeting);
      int passed = 0;
      for (int i = 0; i < said.readableBytes() && !tracker.isUncertain(); i += size) {
        ByteBuf piece = said.slice(i, Math.min(size, said.readableBytes() - i));
        passed += tracker.server(piece);
      }
      assertThat(tracker.isUncertain()).as("in pieces of %d", size).isEqualTo(uncertain);
      if (uncertain) {
        int notice = said.readableBytes() - answer("[I]").length - 5 - "INSERT 0 1\0".length();
        assertThat(passed).as("in pieces of %d", size).isBetween(before, notice - 1);
        assertThat(tracker.isCut()).as("in pieces of %d", size).isEqualTo(passed > before);
      } else {
        assertThat(passed).isEqualTo(said.readableBytes());
      }
    }
  }

  private static byte[] answer(String word) {
    return switch (word) {
      case "[yes]" -> new byte[] {'S'};
      case "[no]" -> new byte[] {'N'};
      case "[I]" -> typed('Z', "I");
      case "[z]" -> typed('Z', "T");
      case "[e]" -> typed('Z', "E");
      default -> typed(word.charAt(1), "something with Z in it");
    };
  }

  private static byte[] untyped(int code, String rest) {
    byte[] text = rest.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(8 + text.length)
        .putInt(8 + text.length)
        .putInt(code)
        .put(text)
        .array();
  }

  private static byte[] typed(char type, String body) {
    byte[] text = body.getBytes(StandardCharsets.US_ASCII);
    return ByteBuffer.allocate(5 + text.length)
        .put((byte) type)
        .putInt(4 + text.length)
        .put(text)
        .array();
  }
}
