package io.fairlead.proxy.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** One cookie is found and taken out, and the others stay as they came. */
final class CookieFieldTest {
  private static final byte[] NAME = Ascii.bytes("N");

  /** A request with such fields; a bar between two of them. */
  private static Head head(String cookies) {
    StringBuilder text = new StringBuilder("GET / HTTP/1.1\r\nHost: a\r\n");
    for (String field : cookies.split("\\|", -1)) {
      text.append("Cookie: ").append(field).append("\r\n");
    }
    text.append("X-Last: 1\r\n\r\n");
    return parsed(text.toString());
  }

  static Head parsed(String text) {
    Head head = new Head();
    head.reset();
    byte[] bytes = Ascii.bytes(text);
    head.ensure(bytes.length);
    System.arraycopy(bytes, 0, head.bytes, 0, bytes.length);
    head.length = bytes.length;
    assertThat(HeadParser.parseRequest(head, 1 << 16, 1000, 1000))
        .isEqualTo(HeadParser.Result.DONE);
    return head;
  }

  private static String found(Head head) {
    long range = CookieField.find(head, NAME);
    return range == CookieField.NONE
        ? "none"
        : range == CookieField.SEVERAL
            ? "several"
            : "'" + Ascii.text(head.bytes, (int) (range >>> 32), (int) range) + "'";
  }

  /** The values of the fields that would be sent on, a bar between two of them. */
  private static String left(Head head) {
    List<String> fields = new ArrayList<>();
    for (int field = 0; field < head.fieldCount; field++) {
      if (head.id(field) == FieldName.COOKIE && !head.isDropped(field)) {
        fields.add(Ascii.text(head.bytes, head.valueStart(field), head.valueEnd(field)));
      }
    }
    return fields.isEmpty() ? "nothing" : String.join("|", fields);
  }

  @ParameterizedTest
  @CsvSource(
      quoteCharacter = '"',
      value = {
        "N=1,                  '1',     nothing",
        "N=1; a=2,             '1',     a=2",
        "a=2; N=1,             '1',     a=2",
        "a=2; N=1; b=3,        '1',     a=2; b=3",
        "a=2;N=1;b=3,          '1',     a=2;b=3",
        "a=2;   N=1  ;  b=3,   '1',     a=2;  b=3",
        "a=2 ;N=1,             '1',     a=2",
        "N=,                   '',      nothing",
        "N=a=b; c=d,           'a=b',   c=d",
        "N=1;,                 '1',     nothing",
        "a=2; N=1;,            '1',     a=2;",
        "N=1; N=2,             several, nothing",
        "N=1; a=2; N=1,        several, a=2",
        "N=1|N=1,              several, nothing",
        "a=2|N=1,              '1',     a=2",
        "a=2|b=3; N=1|c=4,     '1',     a=2|b=3|c=4",
        "a=2,                  none,    a=2",
        "n=1,                  none,    n=1", // names of cookies are of one case
        "NN=1; xN=1,           none,    NN=1; xN=1",
        "N,                    none,    N",
        "N =1,                 none,    N =1",
        "a=N=1,                none,    a=N=1",
        "a=\"x; N=1; y\",      '1',     a=\"x; y\"", // quotes do not hide semicolons (RFC 6265)
        "a=2; ; N=1; ;b=3,     '1',     a=2; ; ;b=3",
      })
  void isFoundAndTakenOut(String cookies, String value, String rest) {
    Head head = head(cookies);
    assertThat(found(head)).isEqualTo(value);
    CookieField.strip(head, NAME);
    assertThat(left(head)).isEqualTo(rest);
    assertThat(found(head)).isEqualTo("none");
  }

  @Test
  void aRequestWithoutCookiesHasNone() {
    assertThat(found(parsed("GET / HTTP/1.1\r\nHost: N=1\r\n\r\n"))).isEqualTo("none");
  }

  /** Against cutting the text at its semicolons and putting it together again. */
  @Test
  void whateverStandsInTheFieldTheRestStays() {
    long seed = System.nanoTime();
    SplittableRandom random = new SplittableRandom(seed);
    String[] pieces = {
      "N=1", "N=", "a=2", "NN=1", "N", "", " ", "\t", "=", "b=\"q\"", "N=N=1", "n=1"
    };
    for (int round = 0; round < 20_000; round++) {
      StringBuilder text = new StringBuilder();
      for (int i = random.nextInt(7); i >= 0; i--) {
        text.append(" ".repeat(random.nextInt(2)))
            .append(pieces[random.nextInt(pieces.length)])
            .append(" ".repeat(random.nextInt(2)))
            .append(i > 0 ? ";" : "");
      }
      Head head = head(text.toString());
      String came = left(head);
      List<String> kept = new ArrayList<>();
      int ours = 0;
      for (String pair : came.split(";", -1)) {
        if (pair.stripLeading().startsWith("N=")) {
          ours++;
        } else {
          kept.add(kept.isEmpty() ? pair.stripLeading() : pair);
        }
      }
      String rest = String.join(";", kept);
      CookieField.strip(head, NAME);
      assertThat(left(head))
          .as("seed %d, round %d: '%s'", seed, round, came)
          .isEqualTo(ours == 0 ? came : rest.isBlank() ? "nothing" : rest.stripTrailing());
      assertThat(found(head)).isEqualTo("none");
    }
  }
}
