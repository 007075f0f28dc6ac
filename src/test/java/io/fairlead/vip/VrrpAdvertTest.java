package io.fairlead.vip;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.vip.VrrpAdvert.Fault;
import io.fairlead.vip.VrrpAdvert.Read;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Adverts as they are on the wire. */
final class VrrpAdvertTest {
  private static final InetAddress FROM = InetAddress.ofLiteral("10.0.0.2");
  private static final InetAddress GROUP = InetAddress.ofLiteral("224.0.0.18");
  private static final InetAddress VIRTUAL = InetAddress.ofLiteral("10.0.0.100");
  private static final VrrpAdvert ADVERT = new VrrpAdvert(51, 100, 100, List.of(VIRTUAL));

  private static final String HEADER = "45c0002000000000ff70d0990a000002e0000012";
  private static final String RFC5798 = "313364010064" + "7572" + "0a000064";
  private static final String RFC9568 = "313364010064" + "6003" + "0a000064";

  private static byte[] bytes(String hex) {
    return HexFormat.of().parseHex(hex);
  }

  @Test
  void overIpv4WithAddressesOfTheHeaderInTheChecksum() {
    assertThat(ADVERT.ipv4(FROM, GROUP, true))
        .asHexString()
        .isEqualToIgnoringCase(HEADER + RFC5798);
  }

  @Test
  void overIpv4WithTheMessageAloneInTheChecksum() {
    assertThat(ADVERT.ipv4(FROM, GROUP, false))
        .asHexString()
        .isEqualToIgnoringCase(HEADER + RFC9568);
  }

  @Test
  void overIpv6TheKernelMakesTheChecksum() {
    VrrpAdvert advert =
        new VrrpAdvert(
            51,
            200,
            20,
            List.of(InetAddress.ofLiteral("fe80::100"), InetAddress.ofLiteral("fd00::100")));
    assertThat(advert.message())
        .asHexString()
        .isEqualToIgnoringCase(
            "3133c80200140000"
                + "fe800000000000000000000000000100"
                + "fd000000000000000000000000000100");
    assertThat(VrrpAdvert.readIpv6(FROM, advert.message(), true, 255))
        .isEqualTo(new Read.Good(FROM, advert, true));
  }

  @Test
  void bothChecksumsAreUnderstood() {
    assertThat(VrrpAdvert.readIpv4(bytes(HEADER + RFC5798), true))
        .isEqualTo(new Read.Good(FROM, ADVERT, true));
    assertThat(VrrpAdvert.readIpv4(bytes(HEADER + RFC9568), true))
        .isEqualTo(new Read.Good(FROM, ADVERT, false));
  }

  @Test
  void whatFillsUpAFrameIsNoPartOfIt() {
    byte[] padded = Arrays.copyOf(bytes(HEADER + RFC5798), 46);
    assertThat(VrrpAdvert.readIpv4(padded, true)).isEqualTo(new Read.Good(FROM, ADVERT, true));
  }

  @Test
  void fourReservedBitsAreNotLookedAt() {
    VrrpAdvert odd = new VrrpAdvert(51, 100, 100, List.of(VIRTUAL));
    byte[] message = odd.message();
    message[4] |= (byte) 0xF0;
    assertThat(VrrpAdvert.readIpv6(FROM, ipv6Of(message), true, 255))
        .isInstanceOfSatisfying(
            Read.Good.class, good -> assertThat(good.advert().centis()).isEqualTo(100));
  }

  /** The same head with an address of 16 bytes. */
  private static byte[] ipv6Of(byte[] message) {
    return Arrays.copyOf(message, 24);
  }

  /** Each changes one thing, the checksum of the message follows where it can. */
  @ParameterizedTest
  @CsvSource({
    "hop limit,       8,  fe,   HOPS",
    "version 2,       20, 21,   VERSION",
    "another type,    20, 32,   VERSION",
    "no address,      23, 00,   EMPTY",
    "two addresses,   23, 02,   LENGTH",
    "no interval,     24, 0000, INTERVAL",
    "another address, 31, 65,   CHECKSUM",
    "longer than it is, 2, 0040, LENGTH",
    "a short header,  0,  44,   LENGTH",
    "a long header,   0,  4f,   LENGTH"
  })
  void whatIsOfNoUse(String what, int at, String hex, Fault fault) {
    byte[] packet = bytes(HEADER + RFC5798);
    byte[] change = bytes(hex);
    System.arraycopy(change, 0, packet, at, change.length);
    assertThat(VrrpAdvert.readIpv4(packet, true))
        .as(what)
        .isInstanceOfSatisfying(Read.Bad.class, bad -> assertThat(bad.fault()).isEqualTo(fault));
  }

  @Test
  void fromAPeerFarAwayIsFineWherePeersAreNamed() {
    byte[] packet = bytes(HEADER + RFC5798);
    packet[8] = 60;
    assertThat(VrrpAdvert.readIpv4(packet, false)).isEqualTo(new Read.Good(FROM, ADVERT, true));
  }

  @Test
  void noBytesAtAllBreakTheReader() {
    long seed = Long.getLong("fairlead.seed", System.nanoTime());
    SplittableRandom random = new SplittableRandom(seed);
    byte[] good = bytes(HEADER + RFC5798);
    for (int i = 0; i < 100_000; i++) {
      byte[] packet = Arrays.copyOf(good, random.nextInt(0, 64));
      for (int change = random.nextInt(4); change > 0 && packet.length > 0; change--) {
        packet[random.nextInt(packet.length)] = (byte) random.nextInt();
      }
      assertThat(VrrpAdvert.readIpv4(packet, random.nextBoolean())).as("seed %d", seed).isNotNull();
      assertThat(VrrpAdvert.readIpv6(FROM, packet, true, 255)).as("seed %d", seed).isNotNull();
    }
  }
}
