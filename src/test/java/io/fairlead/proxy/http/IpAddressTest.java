package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.Networks;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

final class IpAddressTest {
  private final IpAddress address = new IpAddress();

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "1",
        "1.2.3",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.04",
        "1.2.3.",
        ".1.2.3",
        "1..2.3",
        "1.2.3.4:",
        "1.2.3.4:a",
        "1.2.3.4:123456",
        " 1.2.3.4",
        "1.2.3.4 ",
        ":",
        ":::",
        "1:2",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:9",
        "1::2::3",
        "12345::",
        "::g",
        "::1%eth0",
        "[::1",
        "[::1]x",
        "::1]",
        "1:2:3:4:5:6:7::8",
        "::1.2.3",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1:",
        ":1",
        "1:2:3:4:5:6:7:",
        "unknown",
        "_hidden",
        "1.2.3.4%0a",
        "::1.2.3.4:80",
        "[1.2.3.4]",
      })
  void refusesWhatIsNoAddress(String text) {
    byte[] bytes = ("1" + text + "1").getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThat(address.read(bytes, 1, bytes.length - 1)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "0.0.0.0",
        "255.255.255.255",
        "192.0.2.7",
        "::",
        "::1",
        "1::",
        "1:2:3:4:5:6:7:8",
        "2001:db8::7",
        "FFFF:abcd::ABCD",
        "::ffff:1.2.3.4",
        "1:2:3:4:5:6:1.2.3.4",
        "1::1.2.3.4",
        "1:2:3:4:5:6:7::",
        "::2:3:4:5:6:7:8",
        "64:ff9b::192.0.2.1",
      })
  void readsWhatIsOne(String text) throws UnknownHostException {
    check(text, InetAddress.ofLiteral(text));
    if (text.indexOf(':') < 0) {
      check(text + ":80", InetAddress.ofLiteral(text));
    } else {
      check("[" + text + "]", InetAddress.ofLiteral(text));
      check("[" + text + "]:65535", InetAddress.ofLiteral(text));
    }
  }

  @Test
  void readsWhatTheLibraryWrites() throws UnknownHostException {
    SplittableRandom random = new SplittableRandom(7);
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = new byte[random.nextBoolean() ? 4 : 16];
      random.nextBytes(bytes);
      for (int k = random.nextInt(16); k > 0; k--) {
        bytes[random.nextInt(bytes.length)] = 0;
      }
      InetAddress expected = InetAddress.getByAddress(bytes);
      check(expected.getHostAddress(), expected);
      check(io.netty.util.NetUtil.toAddressString(expected), expected);
    }
  }

  private void check(String text, InetAddress expected) {
    byte[] bytes = ("9" + text + "9").getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThat(address.read(bytes, 1, bytes.length - 1)).as(text).isTrue();
    assertThat(address.high).as(text).isEqualTo(Networks.high(expected));
    assertThat(address.low).as(text).isEqualTo(Networks.low(expected));
  }
}
