package io.fairlead.vip.bgp;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.fairlead.config.BgpCommunity;
import java.net.InetAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What routers may send, and what they are answered where they may not. */
final class BgpReaderTest {
  private static final String MARKER = "ffffffffffffffffffffffffffffffff";
  private static final BgpWriter.Stand OUTER = new BgpWriter.Stand(65010, false, true);

  /** The marker and a length are put before what a row has after its type. */
  private static byte[] message(String typeAndBody) {
    String hex = typeAndBody.replace(" ", "");
    return HexFormat.of().parseHex(MARKER + String.format("%04x", 18 + hex.length() / 2) + hex);
  }

  private static List<BgpMessage> read(byte[] bytes) throws BgpException {
    List<BgpMessage> messages = new ArrayList<>();
    new BgpReader().read(bytes, messages::add);
    return messages;
  }

  private static String hex(byte[] bytes) {
    return HexFormat.of().formatHex(bytes);
  }

  @ParameterizedTest
  @CsvSource({
    // The header. These are whole messages.
    "1/1, '',     474554202f20485454502f312e310d0a", // GET / HTTP/1.1
    "1/1, '',     fffe",
    "1/1, '',     00",
    "1/1, '',     fffffffffffffffffffffffffffffffe001304",
    "1/2, 0012,   ffffffffffffffffffffffffffffffff001204",
    "1/2, 0000,   ffffffffffffffffffffffffffffffff000004",
    "1/2, 1001,   ffffffffffffffffffffffffffffffff100102",
    "1/2, ffff,   ffffffffffffffffffffffffffffffffffff02",
    "1/2, 0014,   ffffffffffffffffffffffffffffffff001404",
    "1/2, 0013,   ffffffffffffffffffffffffffffffff001301",
    "1/2, 001c,   ffffffffffffffffffffffffffffffff001c01",
    "1/2, 0016,   ffffffffffffffffffffffffffffffff001602",
    "1/2, 0014,   ffffffffffffffffffffffffffffffff001403",
    "1/3, 00,     ffffffffffffffffffffffffffffffff001300",
    "1/3, 06,     ffffffffffffffffffffffffffffffff001306",
    "1/3, ff,     ffffffffffffffffffffffffffffffff0013ff"
  })
  void aHeaderThatCannotBe(String answer, String data, String bytes) {
    assertThatThrownBy(() -> read(HexFormat.of().parseHex(bytes)))
        .isInstanceOfSatisfying(
            BgpException.class,
            e -> {
              assertThat(e.code() + "/" + e.subcode()).isEqualTo(answer);
              assertThat(hex(e.data())).isEqualTo(data);
            });
  }

  @ParameterizedTest
  @CsvSource({
    // OPEN: version, AS, hold time, identifier, length of parameters, parameters.
    "2/1, 01 03 fde8 0009 0a000001 00",
    "2/1, 01 05 fde8 0009 0a000001 00",
    "2/2, 01 04 0000 0009 0a000001 00",
    "2/2, 01 04 5ba0 0009 0a000001 08 0206 4104 00000000", // AS 0 in four octets
    "2/3, 01 04 fde8 0009 00000000 00",
    "2/6, 01 04 fde8 0000 0a000001 00",
    "2/6, 01 04 fde8 0001 0a000001 00",
    "2/6, 01 04 fde8 0002 0a000001 00",
    "2/4, 01 04 fde8 0009 0a000001 03 0101 00", // authentication, of old
    "2/4, 01 04 fde8 0009 0a000001 02 0900",
    "2/0, 01 04 fde8 0009 0a000001 01", // a parameter is promised
    "2/0, 01 04 fde8 0009 0a000001 00 02", // and here there is one more
    "2/0, 01 04 fde8 0009 0a000001 01 02",
    "2/0, 01 04 fde8 0009 0a000001 02 0205",
    "2/0, 01 04 fde8 0009 0a000001 03 0201 41", // a capability without a length
    "2/0, 01 04 fde8 0009 0a000001 04 0202 4104", // and one without its value
    "2/0, 01 04 fde8 0009 0a000001 05 0203 410100", // of a wrong length
    "2/0, 01 04 fde8 0009 0a000001 07 0205 0103 000100",
    "2/0, 01 04 fde8 0009 0a000001 ff ff 0009 02 0003 4104", // long parameters (RFC 9072)
    "2/0, 01 04 fde8 0009 0a000001 ff ff 0003 02 0006",
    // UPDATE: length withdrawn, withdrawn, length of attributes, attributes, networks.
    "3/1, 02 0001 0000",
    "3/1, 02 ffff 0000",
    "3/1, 02 0000 0001",
    "3/1, 02 0000 ffff",
    "3/1, 02 0005 20 0a000001 0001",
    "3/10, 02 0001 21 0000",
    "3/10, 02 0002 20 0a 0000",
    "3/10, 02 0000 0000 21 0a000001 00",
    "3/10, 02 0000 0000 18 0a00",
    "3/10, 02 0000 0000 ff",
    "3/2, 02 0000 0003 40 63 00", // a well-known one that nobody knows
    "3/2, 02 0000 0004 50 ff 0000",
    "3/9, 02 0000 0003 80 0e 00",
    "3/9, 02 0000 0007 80 0e 04 0002 01 10", // a next hop that does not fit
    "3/9, 02 0000 0009 80 0e 06 0002 01 00 00 81", // 129 bits
    "3/9, 02 0000 0009 80 0e 06 0002 01 00 00 80",
    "3/9, 02 0000 0005 80 0f 02 0002",
    "3/9, 02 0000 0007 80 0f 04 0001 01 21",
    "3/1, 02 0000 000c 80 0f 03 0002 01 80 0f 03 0002 01",
    "3/1, 02 0000 0010 80 0e 05 0002 01 00 00 80 0e 05 0002 01 00 00",
    // ROUTE-REFRESH.
    "7/1, 05",
    "7/1, 05 0001 00",
    "7/1, 05 0001 00 01 00"
  })
  void aBodyThatCannotBe(String answer, String typeAndBody) {
    assertThatThrownBy(() -> read(message(typeAndBody)))
        .isInstanceOfSatisfying(
            BgpException.class, e -> assertThat(e.code() + "/" + e.subcode()).isEqualTo(answer));
  }

  @ParameterizedTest
  @CsvSource({
    // Errors in attributes end no session (RFC 7606), nor do families that we do not have.
    "1, 0, 02 0000 0003 40 01 05 20 0a000001", // ORIGIN does not fit
    "1, 0, 02 0000 0002 40 01 20 0a000001", // is cut
    "1, 0, 02 0000 0003 50 01 00 20 0a000001",
    "1, 0, 02 0000 0003 c0 01 00 20 0a000001", // has wrong flags
    "1, 0, 02 0000 0003 40 01 00 00", // a default route
    "0, 2, 02 0006 08 0a 18 0a0001 0000",
    "0, 0, 02 0000 0000", // the end of what there is
    "0, 0, 02 0000 0009 80 0e 06 4004 47 00 00 ff", // link-state
    "0, 0, 02 0000 0006 80 0f 03 0002 01",
    "0, 1, 02 0000 0007 80 0f 04 0002 01 00",
    "1, 0, 02 0000 001a 80 0e 17 0002 01 10 20010db8000000000000000000000001 00 08 20",
    "0, 0, 02 0000 0004 c0 63 01 07"
  })
  void routesAreCountedAndForgotten(int announced, int withdrawn, String typeAndBody)
      throws BgpException {
    assertThat(read(message(typeAndBody)).getFirst())
        .isInstanceOfSatisfying(
            BgpMessage.Update.class,
            update -> {
              assertThat(update.announced()).isEqualTo(announced);
              assertThat(update.withdrawn()).isEqualTo(withdrawn);
            });
  }

  @Test
  void whoIsThere() throws BgpException {
    assertThat(read(message("01 04 fde8 0009 0a000001 00")))
        .containsExactly(
            new BgpMessage.Open(65000, 9, 0x0A000001, java.util.Set.of(BgpFamily.IPV4), false));
    // With both families, one that is not ours, and a number of four octets.
    assertThat(
            read(
                message(
                    "01 04 5ba0 0009 0a000001 1c 021a 0104 00010001 0104 00020001 0104 4004 0047"
                        + " 4104 fc000001 4600")))
        .containsExactly(
            new BgpMessage.Open(
                4227858433L, 9, 0x0A000001, java.util.Set.of(BgpFamily.values()), true));
    // Long parameters (RFC 9072).
    assertThat(read(message("01 04 fde8 0009 0a000001 ff ff 0009 02 0006 4104 0000fde8")))
        .containsExactly(
            new BgpMessage.Open(65000, 9, 0x0A000001, java.util.Set.of(BgpFamily.IPV4), true));
    // Of another family only: none of ours.
    assertThat(read(message("01 04 fde8 0009 0a000001 08 0206 0104 0001 0080")))
        .containsExactly(new BgpMessage.Open(65000, 9, 0x0A000001, java.util.Set.of(), false));
  }

  @Test
  void whatIsWantedAgain() throws BgpException {
    assertThat(read(message("05 0001 00 01")))
        .containsExactly(new BgpMessage.Refresh(BgpFamily.IPV4));
    assertThat(read(message("05 0002 00 01")))
        .containsExactly(new BgpMessage.Refresh(BgpFamily.IPV6));
    assertThat(read(message("05 0002 00 80"))).containsExactly(new BgpMessage.Refresh(null));
    assertThat(read(message("05 0001 01 01"))).containsExactly(new BgpMessage.Refresh(null));
  }

  @ParameterizedTest
  @CsvSource({
    "03 0602, it was shut down there",
    "03 0602 05 68656c6c6f, 'it was shut down there: \"hello\"'",
    "03 0602 ff 68656c6c6f, 'it was shut down there: \"hello\"'", // longer than it is
    "03 0602 05 681b0a6c6f, 'it was shut down there: \"hlo\"'", // not to be printed
    "03 0604 02 c3a9, 'it was reset there: \"é\"'",
    "03 0605 02 c3a9, it refuses the connection",
    "03 0202, it expects another AS of us",
    "03 0400, it has heard nothing for its hold time",
    "03 6301, error 99/1"
  })
  void theLastMessageInWords(String typeAndBody, String words) throws BgpException {
    assertThat(((BgpMessage.Notification) read(message(typeAndBody)).getFirst()).words())
        .isEqualTo(words);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 7, 19, 20, 4096})
  void howeverItComesInPieces(int size) throws BgpException {
    byte[] all =
        HexFormat.of()
            .parseHex(
                hex(message("04"))
                    + hex(message("02 0000 0000 20 0a000001"))
                    + hex(message("05 0001 00 01"))
                    + hex(message("04")));
    List<BgpMessage> messages = new ArrayList<>();
    BgpReader reader = new BgpReader();
    for (int at = 0; at < all.length; at += size) {
      reader.read(
          java.util.Arrays.copyOfRange(all, at, Math.min(all.length, at + size)), messages::add);
    }
    assertThat(messages)
        .containsExactly(
            new BgpMessage.Keepalive(),
            new BgpMessage.Update(1, 0, null),
            new BgpMessage.Refresh(BgpFamily.IPV4),
            new BgpMessage.Keepalive());
  }

  @Test
  void whatWeSendIsUnderstood() throws BgpException {
    assertThat(read(BgpWriter.open(4200000001L, 9, 0x0A000001)))
        .containsExactly(
            new BgpMessage.Open(
                4200000001L, 9, 0x0A000001, java.util.Set.of(BgpFamily.values()), true));
    assertThat(read(BgpWriter.keepalive())).containsExactly(new BgpMessage.Keepalive());
    BgpMessage last = read(BgpWriter.cease(2, "ü".repeat(200))).getFirst();
    // 127 of them take 254 octets, and half a character is none.
    assertThat(((BgpMessage.Notification) last).words())
        .isEqualTo("it was shut down there: \"" + "ü".repeat(127) + "\"");
    List<InetAddress> four = addresses("10.0.%d.%d");
    List<InetAddress> six = addresses("2001:db8::%x:%x");
    BgpRoute most =
        new BgpRoute(
            Optional.of(7),
            java.util.stream.IntStream.range(0, 32).mapToObj(i -> new BgpCommunity(1, i)).toList(),
            true);
    for (List<InetAddress> some : List.of(four, six)) {
      InetAddress hop = some.getFirst();
      int announced = 0;
      for (byte[] message : BgpWriter.announce(OUTER, hop, most, some)) {
        announced += ((BgpMessage.Update) read(message).getFirst()).announced();
      }
      int withdrawn = 0;
      for (byte[] message : BgpWriter.withdraw(some)) {
        withdrawn += ((BgpMessage.Update) read(message).getFirst()).withdrawn();
      }
      assertThat(announced).isEqualTo(1000);
      assertThat(withdrawn).isEqualTo(1000);
    }
  }

  private static List<InetAddress> addresses(String pattern) {
    List<InetAddress> all = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      all.add(InetAddress.ofLiteral(String.format(pattern, i / 250, i % 250)));
    }
    return all;
  }

  @ParameterizedTest
  @CsvSource({
    // Octet for octet: ORIGIN, AS_PATH, NEXT_HOP, MED, LOCAL_PREF, COMMUNITIES, AS4_PATH.
    "false, 65010, true, 40010100 40020602010000fdf2 4003040a000001 80040400000005 c00804fdf20007",
    "false, 65010, false, 40010100 4002040201fdf2 4003040a000001 80040400000005 c00804fdf20007",
    "true, 65010, true, 40010100 400200 4003040a000001 80040400000005 40050400000064 c00804fdf20007",
    "false, 4200000001, false, 40010100 40020402015ba0 4003040a000001 80040400000005 c00804fdf20007"
        + " c011060201fa56ea01"
  })
  void attributes(boolean internal, long as, boolean wide, String attributes) {
    byte[] message =
        BgpWriter.announce(
                new BgpWriter.Stand(as, internal, wide),
                InetAddress.ofLiteral("10.0.0.1"),
                new BgpRoute(Optional.of(5), List.of(new BgpCommunity(65010, 7)), false),
                List.of(InetAddress.ofLiteral("192.0.2.1")))
            .getFirst();
    String plain = attributes.replace(" ", "");
    String body = "020000" + String.format("%04x", plain.length() / 2) + plain + "20c0000201";
    assertThat(hex(message)).isEqualTo(hex(message(body)));
  }

  @Test
  void aRouteThatLeavesSaysSo() {
    BgpRoute leaving = new BgpRoute(Optional.empty(), List.of(), false).thatLeaves();
    List<InetAddress> six = List.of(InetAddress.ofLiteral("2001:db8::10"));
    InetAddress hop = InetAddress.ofLiteral("2001:db8::1");
    byte[] inner =
        BgpWriter.announce(new BgpWriter.Stand(65010, true, true), hop, leaving, six).getFirst();
    assertThat(hex(inner))
        .endsWith(
            "900e0026000201 10 20010db8000000000000000000000001 00"
                .concat(" 8020010db8000000000000000000000010")
                .concat("40010100 400200 40050400000000 c00804ffff0000")
                .replace(" ", ""));
  }

  /** Whatever comes: messages, or one error, soon and without more room than one message takes. */
  @Test
  void garbageIsRefused() {
    long seed = Long.getLong("fairlead.seed", System.nanoTime());
    System.out.println("BgpReaderTest.garbageIsRefused: -Dfairlead.seed=" + seed);
    SplittableRandom random = new SplittableRandom(seed);
    List<byte[]> seeds =
        List.of(
            BgpWriter.open(4200000001L, 9, 1),
            BgpWriter.keepalive(),
            BgpWriter.cease(2, "words"),
            message("02 0005 20 0a000001 0000"),
            message("02 0000 001a 80 0e 17 0002 01 10 20010db8000000000000000000000001 00 08 20"),
            message("05 0001 00 01"));
    assertTimeoutPreemptively(
        Duration.ofSeconds(20),
        () -> {
          for (int i = 0; i < 300_000; i++) {
            byte[] bytes = seeds.get(random.nextInt(seeds.size())).clone();
            int changes = random.nextInt(4);
            for (int c = 0; c < changes; c++) {
              int at = bytes.length > 18 ? 16 + random.nextInt(bytes.length - 16) : 0;
              bytes[at] = (byte) random.nextInt(256);
            }
            if (random.nextInt(5) == 0) { // the length fits again, whatever else
              bytes[16] = 0;
              bytes[17] = (byte) bytes.length;
            }
            try {
              new BgpReader()
                  .read(
                      bytes,
                      message -> {
                        if (message instanceof BgpMessage.Notification last) {
                          assertThat(last.words()).isNotEmpty();
                        }
                        return true;
                      });
            } catch (BgpException e) {
              assertThat(e.words()).isNotEmpty();
              assertThat(e.code()).isBetween(1, 7);
            }
          }
        });
  }
}
