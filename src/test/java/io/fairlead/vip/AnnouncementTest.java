package io.fairlead.vip;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.InetAddress;
import org.junit.jupiter.api.Test;

/** Frames as they are on the wire. */
final class AnnouncementTest {
  private static final byte[] MAC = {2, 0, 0, 0, 0, 1};

  @Test
  void overIpv4AnArpRequestForItselfByItself() {
    assertThat(Announcement.of(InetAddress.ofLiteral("10.0.0.100"), MAC))
        .asHexString()
        .isEqualToIgnoringCase(
            "ffffffffffff"
                + "020000000001"
                + "0806" // to everybody
                + "0001080006040001" // Ethernet, IPv4, request
                + "020000000001"
                + "0a000064" // sender
                + "000000000000"
                + "0a000064" // target
                + "00".repeat(18));
  }

  @Test
  void overIpv6AnAdvertisementThatOverrides() {
    assertThat(Announcement.of(InetAddress.ofLiteral("fd00::100"), MAC))
        .asHexString()
        .isEqualToIgnoringCase(
            "333300000001"
                + "020000000001"
                + "86dd"
                + "6000000000203aff" // 32 bytes of ICMPv6, hop limit 255
                + "fd000000000000000000000000000100"
                + "ff020000000000000000000000000001"
                + "8800589d20000000" // override, not from a router, not asked for
                + "fd000000000000000000000000000100"
                + "0201"
                + "020000000001");
  }
}
