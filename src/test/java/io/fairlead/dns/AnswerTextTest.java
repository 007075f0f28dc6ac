package io.fairlead.dns;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.telemetry.RecordLayout.Text;
import java.net.InetAddress;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names and addresses as records have them. */
final class AnswerTextTest {
  private final AnswerText text = new AnswerText();

  private String said() {
    return new String(text.bytes, 0, text.length(), US_ASCII);
  }

  @Test
  void namesAreWrittenAsEverywhereElse() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < 2000; i++) {
      byte[] name = new byte[Names.MAX];
      int at = 0;
      int labels = random.nextInt(4);
      for (int label = 0; label < labels; label++) {
        int length = 1 + random.nextInt(63);
        name[at++] = (byte) length;
        for (int j = 0; j < length; j++) {
          name[at++] = (byte) random.nextInt(256);
        }
      }
      text.clear();
      text.putName(Arrays.copyOf(name, at + 1));
      assertThat(said()).isEqualTo(Names.text(name));
    }
  }

  @Test
  void theLongestNameFits() {
    byte[] name = new byte[Names.MAX];
    for (int at = 0; at < 252; at += 63) {
      name[at] = 62;
    }
    text.putName(name);
    assertThat(text.length()).isLessThanOrEqualTo(Text.PATH.most());
    assertThat(said()).isEqualTo(Names.text(name)).endsWith("\\000");
  }

  @ParameterizedTest
  @CsvSource({
    "192.0.2.10, 192.0.2.10",
    "::, ::",
    "::1, ::1",
    "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
    "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
    "2001:db8:1:1:1:1:0:0, 2001:db8:1:1:1:1::",
    "fe80:0:0:0:ab:c00:5:f, fe80::ab:c00:5:f"
  })
  void addressesAreWrittenAsShortAsTheyCanBe(String literal, String written) {
    byte[] address = InetAddress.ofLiteral(literal).getAddress();
    Told told = new Told();
    told.tell(
        new RecordSet(address.length == 4 ? Type.A : Type.AAAA, 1, new byte[][] {address}), 0);
    text.putAnswer(told);
    assertThat(said()).isEqualTo(written);
  }
}
