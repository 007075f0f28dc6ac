package io.fairlead.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Bytes as the description of the format has them. */
class ProtobufWriterTest {
  private final ProtobufWriter writer = new ProtobufWriter();

  private String hex() {
    return HexFormat.of().formatHex(writer.toBytes());
  }

  @Test
  void numbersAreVarints() {
    writer.number(1, 150);
    writer.number(16, 0);
    writer.number(1, Long.MAX_VALUE);
    assertThat(hex()).isEqualTo("089601" + "800100" + "08ffffffffffffffff7f");
  }

  @Test
  void signedNumbersZigAndZag() {
    writer.signed(1, -1);
    writer.signed(1, 1);
    writer.signed(1, Long.MIN_VALUE);
    assertThat(hex()).isEqualTo("0801" + "0802" + "08ffffffffffffffffff01");
  }

  @Test
  void realsAndFixedNumbersBeginWithTheLowestByte() {
    writer.real(2, 1);
    writer.fixed32(3, 0x0102_0304);
    assertThat(hex()).isEqualTo("11000000000000f03f" + "1d04030201");
  }

  @Test
  void textsAreUtf8() {
    writer.string(2, "testing");
    writer.string(2, "é");
    assertThat(hex()).isEqualTo("120774657374696e67" + "1202c3a9");
  }

  /** Lengths of one, two and three bytes, one in the other. */
  @Test
  void messagesHaveTheirLengthsInFrontOfThem() {
    for (int inside : new int[] {0, 1, 127, 128, 16_383, 16_384, 100_000}) {
      writer.clear();
      int outer = writer.begin(1);
      int inner = writer.begin(3);
      writer.bytes(2, new byte[inside]);
      writer.end(inner);
      writer.end(outer);
      ProtobufWriter bytes = new ProtobufWriter();
      bytes.bytes(2, new byte[inside]);
      ProtobufWriter message = new ProtobufWriter();
      message.bytes(3, bytes.toBytes());
      ProtobufWriter whole = new ProtobufWriter();
      whole.bytes(1, message.toBytes());
      assertThat(writer.toBytes()).as("%s bytes", inside).isEqualTo(whole.toBytes());
    }
  }
}
