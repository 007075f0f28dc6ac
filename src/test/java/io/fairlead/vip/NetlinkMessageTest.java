package io.fairlead.vip;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.fairlead.config.VipAddress;
import java.net.InetAddress;
import java.nio.ByteOrder;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Messages as the kernel gets and gives them, on a machine that has the lowest byte first. */
final class NetlinkMessageTest {
  private static final VipAddress IPV4 = VipAddress.parse("10.0.0.100/24");

  @BeforeEach
  void thisMachineHasTheLowestByteFirst() {
    assumeTrue(ByteOrder.nativeOrder() == ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void anAddressWithAnEndThatIsNeverPreferred() {
    assertThat(NetlinkMessage.addAddress(7, 3, IPV4, 2))
        .asHexString()
        .isEqualToIgnoringCase(
            "5400000014000505"
                + "0700000000000000" // new address; add or replace, and say so
                + "0218000003000000" // IPv4, /24, interface 3
                + "080002000a000064" // local
                + "080001000a000064"
                + "080004000a0000ff" // broadcast
                + "14000600"
                + "00000000"
                + "02000000"
                + "0000000000000000" // never, 2 s
                + "0800080000000000" // flags
                + "05000b00f1000000"); // ours
  }

  @Test
  void overIpv6NobodyIsAskedFirstAndNoRouteComesWithIt() {
    assertThat(NetlinkMessage.addAddress(7, 3, VipAddress.parse("fd00::100/64"), 2))
        .asHexString()
        .isEqualToIgnoringCase(
            "6400000014000505"
                + "0700000000000000"
                + "0a40020003000000"
                + "14000200fd000000000000000000000000000100"
                + "14000100fd000000000000000000000000000100"
                + "14000600"
                + "00000000"
                + "02000000"
                + "0000000000000000"
                + "0800080002020000"
                + "05000b00f1000000");
  }

  @Test
  void anAddressGoes() {
    assertThat(NetlinkMessage.removeAddress(7, 3, IPV4))
        .asHexString()
        .isEqualToIgnoringCase(
            "3000000015000500"
                + "0700000000000000"
                + "0218000003000000"
                + "080002000a000064"
                + "080001000a000064"
                + "080004000a0000ff");
  }

  @Test
  void anInterfaceIsFoundByItsName() {
    assertThat(NetlinkMessage.findLink(7, "eth0"))
        .asHexString()
        .isEqualToIgnoringCase(
            "2c00000012000100"
                + "0700000000000000"
                + "00".repeat(16)
                + "0900030065746830"
                + "00000000");
  }

  @Test
  void whatTheKernelTellsOfAnAddressIsUnderstood() throws Exception {
    // Of "ip address add 10.0.0.100/24 dev v0 valid_lft 2 preferred_lft 0".
    byte[] received =
        HexFormat.of()
            .parseHex(
                "4400000014000200"
                    + "0700000001000000"
                    + "0218200003000000"
                    + "080001000a000064"
                    + "080002000a000064"
                    + "1400060000000000"
                    + "02000000"
                    + "1122334411223344"
                    + "0800080020000000");
    List<NetlinkMessage.Part> parts = NetlinkMessage.split(received);
    assertThat(parts).hasSize(1);
    assertThat(NetlinkMessage.address(parts.getFirst().body()))
        .isEqualTo(
            new NetlinkMessage.Present(
                3, InetAddress.getByAddress(new byte[] {10, 0, 0, 100}), 24, false, (byte) 0, 0x20))
        .matches(NetlinkMessage.Present::isOurs);
  }

  @Test
  void anAddressThatSomebodySetForGoodIsNotOurs() {
    NetlinkMessage.Present other =
        new NetlinkMessage.Present(3, IPV4.ip(), 24, true, (byte) 0, 0x80);
    NetlinkMessage.Present leased =
        new NetlinkMessage.Present(3, IPV4.ip(), 24, false, (byte) 0, 0); // by DHCP
    NetlinkMessage.Present advertised =
        new NetlinkMessage.Present(3, IPV4.ip(), 64, false, (byte) 2, 0x20); // by a router
    assertThat(List.of(other, leased, advertised)).noneMatch(NetlinkMessage.Present::isOurs);
  }

  @Test
  void whatIsCutOffIsLeftOut() {
    byte[] whole = NetlinkMessage.addAddress(7, 3, IPV4, 2);
    for (int length = 0; length < whole.length; length++) {
      assertThat(NetlinkMessage.split(java.util.Arrays.copyOf(whole, length))).isEmpty();
    }
    byte[] body = NetlinkMessage.split(whole).getFirst().body();
    for (int length = 0; length < body.length; length++) {
      NetlinkMessage.Present _ = NetlinkMessage.address(java.util.Arrays.copyOf(body, length));
    }
  }

  @Test
  void anErrorIsANumberBelowZero() {
    byte[] error =
        HexFormat.of()
            .parseHex("2400000002000000" + "0700000000000000" + "ffffffff" + "00".repeat(16));
    assertThat(NetlinkMessage.split(error).getFirst().error()).isEqualTo(-KernelException.EPERM);
  }
}
