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
      TransactionTracker tracker = new TransactionTracker(false);
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
      TransactionTracker tracker = new TransactionTracker(false);
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

  /**
   * What a client says that must not lower what its commits wait for, {@code ~} for a byte of zero:
   * as its statement, prepared statement, bound values or options of its start. Judged in pieces of
   * all sizes.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "Q | set synchronous_commit = off                                        | true",
        "Q | SET Synchronous_Commit TO OFF                                       | true",
        "Q | set local synchronous_commit=local; insert into t values (1)        | true",
        "Q | set session synchronous_commit to 'remote_write'                    | true",
        "Q | set synchronous_commit to false                                     | true",
        "Q | set \"synchronous_commit\" = no                                     | true",
        "Q | set synchronous_commit = 0                                          | true",
        "Q | begin; set synchronous_commit = on; set synchronous_commit = off    | true",
        "Q | show synchronous_commit; set synchronous_commit = off               | true",
        "Q | alter role shop set synchronous_commit = off                        | true",
        "Q | alter system set synchronous_commit to off                          | true",
        "Q | create function f() returns int set synchronous_commit to off as $$ | true",
        "Q | select set_config('synchronous_commit', 'off', true)                | true",
        "Q | select set_config('synchronous_commit', E'off', true)               | true",
        "Q | select set_config(setting_name => 'synchronous_commit', new_value => 'off') | true",
        "Q | set synchronousynchronous_commit = off                              | true",
        "Q | set synchronous_commit = on                                         | false",
        "Q | set synchronous_commit = remote_apply                               | false",
        "Q | set synchronous_commit to default                                   | false",
        "Q | reset synchronous_commit; insert into t values ('off')              | false",
        "Q | show synchronous_commit                                             | false",
        "Q | select current_setting('synchronous_commit'), 'off'                 | false",
        "Q | select setting from pg_settings where name = 'synchronous_commit' and $1 | false",
        "Q | set synchronous_commi = off                                         | false",
        "Q | set synchronous_commit = offline                                    | false",
        "Q | select off from local                                               | false",
        "P | s~select set_config('synchronous_commit', 'off', false)~            | true",
        "P | s~select set_config('synchronous_commit', $1, false)~               | true",
        "P | s~set synchronous_commit = on~                                      | false",
        "B | ~s~~~~\3~~~\22synchronous_commit~~~\3off~~~\1t~~                    | true",
        "B | ~s~~~~\3~~~\22synchronous_commit~~~\2on~~~\1t~~                     | false",
        "B | ~s~~~~\1~~~\40insert: set synchronous_commit = off~~                | false",
        "d | set synchronous_commit = off                                        | false",
        "0 | user~shop~synchronous_commit~off~                                   | true",
        "0 | user~shop~options~-c synchronous_commit=off~                        | true",
        "0 | user~shop~options~--synchronous-commit=local -c x=y~                | true",
        "0 | user~shop~options~-c synchronous_commit=on~application_name~off~    | false",
      })
  void whetherTheClientLowersWhatItsCommitsWaitFor(String type, String said, boolean lowered) {
    String body = said.replace('~', '\0').translateEscapes() + "\0";
    boolean start = type.equals("0");
    ByteBuf bytes =
        start
            ? Unpooled.wrappedBuffer(untyped(196_608, body))
            : Unpooled.wrappedBuffer(
                question("start"), question("Q"), typed(type.charAt(0), body), question("Q"));
    int whole = bytes.readableBytes() - (start ? 0 : question("Q").length);
    for (int size = 1; size <= bytes.readableBytes(); size++) {
      TransactionTracker tracker = new TransactionTracker(true);
      TransactionTracker unguarded = new TransactionTracker(false);
      int passed = 0;
      for (int i = 0; i < bytes.readableBytes() && !tracker.isLowered(); i += size) {
        ByteBuf piece = bytes.slice(i, Math.min(size, bytes.readableBytes() - i));
        tracker.client(piece);
        unguarded.client(piece);
        passed += tracker.isLowered() ? 0 : piece.readableBytes();
      }
      assertThat(tracker.isLowered()).as("in pieces of %d", size).isEqualTo(lowered);
      assertThat(unguarded.isLowered()).as("where clients may").isFalse();
      if (lowered) {
        assertThat(passed).as("in pieces of %d", size).isLessThan(whole);
        tracker.reset();
        tracker.client(Unpooled.wrappedBuffer(question("start"), question("Q")));
        assertThat(tracker.isLowered()).as("the next session").isFalse();
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
