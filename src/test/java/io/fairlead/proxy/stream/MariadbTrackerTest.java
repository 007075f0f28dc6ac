package io.fairlead.proxy.stream;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MariadbTrackerTest {
  private static final int LONGEST = 0xFFFFFF;

  /**
   * What is said, in order: number and body of each packet. Of the client: {@code login}, {@code
   * tls}, {@code packed}, {@code Q}, and other commands by their number. Of the server, in
   * brackets: {@code [hello]}, {@code [ok]}, {@code [late]} (the same by another number), {@code
   * [open]} (OK in a transaction), {@code [more]} (another result follows), {@code [err]}, {@code
   * [file]}, {@code [cols]} (their count), {@code [def]}, {@code [row]}, {@code [zero]} (a row that
   * looks like an OK), {@code [eof]}, {@code [eof-open]}, and {@code [end]}, {@code [end-open]} as
   * newer clients get it. Judged at the end, whatever the pieces are that it comes in.
   */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "[hello]                                                          | false",
        "[hello] login                                                    | false",
        "[hello] login [ok]                                               | true",
        "[hello] login [switch] more [ok]                                 | true",
        "[hello] login [err]                                              | false",
        "[hello] login Q [ok]                                             | false", // at once
        "[hello] login [ok] Q                                             | false",
        "[hello] login [nothing]                                          | false",
        "[hello] login [ok] Q [ok]                                        | true",
        "[hello] login [ok] Q [late]                                      | false", // not its
        "[hello] login [ok] Q [open]                                      | false", // begin
        "[hello] login [ok] Q [open] Q [open] Q [ok]                      | true", // commit
        "[hello] login [ok] Q [open] Q [err]                              | false",
        "[hello] login [ok] Q [err]                                       | false", // not known
        "[hello] login [ok] Q [err] Q [ok]                                | true", // rollback
        "[hello] login [ok] Q [cols] [def] [eof] [row]                    | false",
        "[hello] login [ok] Q [cols] [def] [eof]                          | false",
        "[hello] login [ok] Q [cols] [def] [eof] [zero] [zero]            | false",
        "[hello] login [ok] Q [cols] [def] [eof] [row] [eof]              | true",
        "[hello] login [ok] Q [cols] [def] [eof] [row] [eof-open]         | false",
        "[hello] login [ok] Q [cols] [def] [zero]                         | false",
        "[hello] login [ok] Q [cols] [def] [zero] [end]                   | true",
        "[hello] login [ok] Q [cols] [def] [row] [end-open]               | false",
        "[hello] login [ok] Q [cols] [def] [row] [err]                    | false",
        "[hello] login [ok] Q [more]                                      | false",
        "[hello] login [ok] Q [more] [cols] [def] [end]                   | true",
        "[hello] login [ok] Q [more] [ok]                                 | true",
        "[hello] login [ok] Q Q [ok]                                      | false", // two asked
        "[hello] login [ok] Q Q [ok] [ok]                                 | false",
        "[hello] login [ok] 22 23 [prepared] [ok]                         | false",
        "[hello] login [ok] 22 [prepared] [def] [eof]                     | false",
        "[hello] login [ok] 22 [prepared] [def] [eof] 23 [ok]             | true",
        "[hello] login [ok] 22 [prepared] 23 [def] [ok]                   | false", // its own
        "[hello] login [ok] 22 [prepared] [def] [eof] 23 [open]           | false",
        "[hello] login [ok] Q [ok] 25                                     | true", // no answer
        "[hello] login [ok] 14 [ok]                                       | true",
        "[hello] login [ok] 17 [switch] more [ok]                         | false",
        "[hello] login [ok] 17 [switch] more [ok] Q [ok]                  | true",
        "[hello] login [ok] Q [file] more more [ok]                       | false",
        "[hello] login [ok] [ok]                                          | false", // unasked
        "[hello] tls                                                      | false",
        "[hello] packed [ok]                                              | false",
        "login                                                            | false",
        "[row]                                                            | false",
      })
  void whetherItIsBetweenTransactions(String said, boolean between) {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    for (int most : new int[] {1, 2, 3, 7, 1000}) {
      MariadbTracker tracker = new MariadbTracker();
      int number = 0;
      for (String word : said.strip().split(" +", -1)) {
        boolean server = word.startsWith("[");
        boolean command = !server && !word.equals("more") && !word.matches("login|tls|packed");
        number = command ? 0 : word.equals("[late]") ? 5 : number;
        ByteBuf bytes = packet(number++, body(word));
        while (bytes.isReadable()) {
          ByteBuf piece =
              bytes.readSlice(Math.min(bytes.readableBytes(), 1 + random.nextInt(most)));
          if (server) {
            tracker.server(piece);
          } else {
            tracker.client(piece);
          }
          if (bytes.isReadable()) {
            assertThat(tracker.isBetweenTransactions()).as("in the middle of %s", word).isFalse();
          }
        }
      }
      assertThat(tracker.isBetweenTransactions())
          .as("%s in pieces of up to %d, seed %d", said, most, seed)
          .isEqualTo(between);
    }
  }

  private static ByteBuf packet(int number, int... body) {
    ByteBuf out = Unpooled.buffer().writeMediumLE(body.length).writeByte(number);
    for (int b : body) {
      out.writeByte(b);
    }
    return out;
  }

  private static int[] body(String word) {
    return switch (word) {
      case "[hello]" -> new int[] {10, '1', '1', 0, 1, 2, 3, 4};
      case "[switch]" -> new int[] {0xFE, 'x', 0};
      case "[ok]", "[late]" -> new int[] {0, 0xFC, 1, 1, 7, 2, 0, 0, 0};
      case "[open]" -> new int[] {0, 1, 0xFD, 1, 1, 1, 3, 0, 0, 0};
      case "[more]" -> new int[] {0, 0, 0, 10, 0, 0, 0};
      case "[nothing]" -> new int[0];
      case "[err]" -> new int[] {0xFF, 0xBD, 4, '#', '4', '0', '0', '0', '1', 'D'};
      case "[file]" -> new int[] {0xFB, 'f'};
      case "[cols]" -> new int[] {1};
      case "[def]" -> new int[] {3, 'd', 'e', 'f', 0, 0, 0, 1, 'a', 0};
      case "[row]" -> new int[] {1, '5'};
      case "[zero]" -> new int[] {0, 0, 0, 2, 0, 0, 0};
      case "[eof]" -> new int[] {0xFE, 0, 0, 2, 0};
      case "[eof-open]" -> new int[] {0xFE, 0, 0, 3, 0};
      case "[end]" -> new int[] {0xFE, 0, 0, 2, 0, 0, 0};
      case "[end-open]" -> new int[] {0xFE, 0, 0, 3, 0, 0, 0};
      case "[prepared]" -> new int[] {0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0};
      case "login" -> new int[] {0x85, 0xA6, 0, 0, 1, 2, 3};
      case "tls" -> new int[] {0x85, 0xAE, 0, 0, 1, 2, 3};
      case "packed" -> new int[] {0xA5, 0xA6, 0, 0, 1, 2, 3};
      case "more" -> new int[] {3, 'x'}; // a part of a login, or of a file
      case "Q" -> new int[] {3, 's'};
      default -> new int[] {Integer.parseInt(word), 1};
    };
  }

  /** A row of more than a packet: what its rest begins with says nothing. */
  @Test
  void theRestOfALongRowIsNotLookedAt() {
    MariadbTracker tracker = new MariadbTracker();
    tracker.server(packet(0, body("[hello]")));
    tracker.client(packet(1, body("login")));
    tracker.server(packet(2, body("[ok]")));
    tracker.client(packet(0, body("Q")));
    tracker.server(packet(1, body("[cols]")));
    tracker.server(packet(2, body("[def]")));
    ByteBuf row = Unpooled.buffer(4 + LONGEST).writeMediumLE(LONGEST).writeByte(3);
    row.writeZero(LONGEST);
    tracker.server(row);
    tracker.server(packet(4, body("[end]")));
    assertThat(tracker.isBetweenTransactions()).isFalse();
    tracker.server(packet(5, body("[end]")));
    assertThat(tracker.isBetweenTransactions()).isTrue();
  }

  @Test
  void itBeginsAnew() {
    MariadbTracker tracker = new MariadbTracker();
    tracker.server(packet(0, body("[row]")));
    assertThat(tracker.isOpaque()).isTrue();
    tracker.reset();
    tracker.server(packet(0, body("[hello]")));
    tracker.client(packet(1, body("login")));
    tracker.server(packet(2, body("[ok]")));
    assertThat(tracker.isBetweenTransactions()).isTrue();
  }
}
