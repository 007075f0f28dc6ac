package io.fairlead.telemetry;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.config.Networks;
import io.fairlead.telemetry.RecordLayout.Text;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
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

  /** Whatever is asked for, it is as if names were split, decoded and compared one by one. */
  @Test
  void anyQuery() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<String> names = List.of("to ken", "key", "k", "sig", "x-sig", "\u00e9t\u00e9");
    RecordMask mask = new RecordMask(32, names);
    String[] pieces = {
      "key",
      "KEY",
      "k",
      "K",
      "si",
      "g",
      "x-",
      "to",
      "+",
      "%20",
      "ken",
      "%6b",
      "%",
      "%6",
      "=",
      "=",
      "=",
      "&",
      "&",
      ";",
      "a",
      "longer-than-eight",
      "\u00e9",
      "t",
      "%C3%A9",
      "1"
    };
    try (RecordRings rings = RecordRings.open(data, 1, 4L << 20, new RecordNames())) {
      RecordDraft draft = rings.ring(0).draft();
      RecordReader reader = rings.reader(0);
      for (int i = 0; i < 20_000; i++) {
        StringBuilder query = new StringBuilder();
        for (int count = random.nextInt(12); count > 0; count--) {
          query.append(pieces[random.nextInt(pieces.length)]);
        }
        byte[] bytes = ("/?" + query + " HTTP".substring(random.nextInt(6))).getBytes(UTF_8);
        int length = query.toString().getBytes(UTF_8).length;
        boolean apart = random.nextBoolean(); // a path from elsewhere
        draft.begin(RecordLayout.HTTP, RecordLayout.HTTP_1_1);
        draft.path(bytes, 0, apart ? 0 : 1, 2, length, mask);
        rings.ring(0).write();
        assertThat(reader.next()).isTrue();
        assertThat(reader.record().text(Text.PATH))
            .as("%s, seed %d", query, seed)
            .isEqualTo((apart ? "?" : "/?") + masked(query.toString(), names));
        reader.saved(reader.place());
      }
    }
  }

  private static String masked(String query, List<String> names) {
    StringBuilder masked = new StringBuilder();
    for (String parameter : query.split("(?<=[&;])|(?=[&;])", -1)) {
      int equals = parameter.indexOf('=');
      boolean hidden =
          equals > 0
              && equals + 1 < parameter.length()
              && names.contains(decoded(parameter.substring(0, equals)));
      masked.append(hidden ? parameter.substring(0, equals + 1) + "***" : parameter);
    }
    return masked.toString();
  }

  /** Percent signs that begin no byte stay; capitals do not. */
  private static String decoded(String name) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    byte[] from = name.getBytes(UTF_8);
    for (int at = 0; at < from.length; at++) {
      String digits = new String(from, at, Math.min(3, from.length - at), ISO_8859_1);
      byte found = from[at];
      if (digits.matches("%[0-9a-fA-F]{2}")) {
        found = (byte) Integer.parseInt(digits.substring(1), 16);
        at += 2;
      }
      bytes.write(found == '+' ? ' ' : found >= 'A' && found <= 'Z' ? found | 0x20 : found);
    }
    return bytes.toString(UTF_8);
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
