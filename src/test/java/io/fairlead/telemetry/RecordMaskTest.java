package io.fairlead.telemetry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.Networks;
import io.fairlead.telemetry.RecordLayout.Text;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What records do not say. */
final class RecordMaskTest {
  @TempDir private Path data;

  @ParameterizedTest
  @CsvSource({
    "32, 192.0.2.77,                 192.0.2.77",
    "31, 192.0.2.77,                 192.0.2.76",
    "24, 192.0.2.77,                 192.0.2.0",
    "16, 192.0.2.77,                 192.0.0.0",
    "0,  192.0.2.77,                 0.0.0.0",
    "32, 2001:db8:1:2:3:4:5:6,       2001:db8:1:2:3:4:5:6",
    "31, 2001:db8:1:ffff:3:4:5:6,    2001:db8:1:fffc::",
    "24, 2001:db8:1:2:3:4:5:6,       2001:db8:1::",
    "16, 2001:db8:1:2:3:4:5:6,       2001:db8::",
    "0,  2001:db8:1:2:3:4:5:6,       ::",
  })
  void addresses(int bits, String address, String kept) {
    InetAddress from = InetAddress.ofLiteral(address);
    InetAddress to = InetAddress.ofLiteral(kept);
    RecordMask mask = new RecordMask(bits, List.of());
    long high = Networks.high(from);
    long low = Networks.low(from);
    assertThat(mask.high(high, low)).isEqualTo(Networks.high(to));
    assertThat(mask.low(high, low)).isEqualTo(Networks.low(to));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a=1&b=2                 | a=1&b=2",
        "token=abc               | token=***",
        "a=1&token=abc&b=2       | a=1&token=***&b=2",
        "a=1;token=abc;b=2       | a=1;token=***;b=2",
        "TOKEN=abc               | TOKEN=***",
        "t%6Fken=abc             | t%6Fken=***",
        "t%6fKen=abc             | t%6fKen=***",
        "to+ken=abc              | to+ken=***",
        "tokens=abc              | tokens=abc",
        "atoken=abc              | atoken=abc",
        "token                   | token",
        "token=                  | token=",
        "token=a=b               | token=***",
        "token=a%26b&c           | token=***&c",
        "token=a&token=b         | token=***&token=***",
        "x=token=a               | x=token=a",
        "&&token=a&&             | &&token=***&&",
        "token%3Da               | token%3Da",
        "t%6=a&token%=b          | t%6=a&token%=b",
        "Key=1                   | Key=***",
        "abcdefg&token=1         | abcdefg&token=***",
        "abcdefgh&token=1        | abcdefgh&token=***",
        "abcdef;token=1;a=¦     | abcdef;token=***;a=¦",
        "a=1&b=2&c=3&d=4&e=5&key=6&f=7 | a=1&b=2&c=3&d=4&e=5&key=***&f=7",
        "longer-than-eight=longer-than-eight&token=longer-than-eight&key=longer-than-eight | longer-than-eight=longer-than-eight&token=***&key=***",
      })
  void queries(String query, String recorded) throws Exception {
    RecordMask mask = new RecordMask(32, List.of("Token", "to ken", "key"));
    try (RecordRings rings = RecordRings.open(data, 1, 4L << 20, new RecordNames())) {
      RecordDraft draft = rings.ring(0).draft();
      draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
      byte[] bytes = ("/p?" + query).getBytes(UTF_8);
      draft.path(bytes, 0, 2, 3, bytes.length - 3, mask);
      rings.ring(0).write();
      RecordReader reader = rings.reader(0);
      assertThat(reader.next()).isTrue();
      assertThat(reader.record().text(Text.PATH)).isEqualTo("/p?" + recorded);
      assertThat(reader.record().has(RecordLayout.MASKED)).isEqualTo(!query.equals(recorded));
    }
  }

  /** The end of what there is room for does not show more than the middle. */
  @ParameterizedTest
  @CsvSource({"1000", "1010", "1014", "1015", "1016", "1017", "1023", "1024", "2000"})
  void atTheEnd(int path) throws Exception {
    RecordMask mask = new RecordMask(24, List.of("token"));
    try (RecordRings rings = RecordRings.open(data, 1, 4L << 20, new RecordNames())) {
      RecordDraft draft = rings.ring(0).draft();
      draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
      draft.client(1, 1, 80, mask);
      byte[] bytes = ("/".repeat(path) + "?token=secret&more=1").getBytes(ISO_8859_1);
      draft.path(bytes, 0, path, path + 1, bytes.length - path - 1, mask);
      rings.ring(0).write();
      RecordReader reader = rings.reader(0);
      assertThat(reader.next()).isTrue();
      String whole = "/".repeat(path) + "?token=***&more=1";
      String recorded = reader.record().text(Text.PATH);
      assertThat(recorded).isEqualTo(whole.substring(0, Math.min(whole.length(), 1024)));
      assertThat(reader.record().has(RecordLayout.TRUNCATED)).isEqualTo(whole.length() > 1024);
      assertThat(reader.record().clientPort()).isZero();
    }
  }
}
