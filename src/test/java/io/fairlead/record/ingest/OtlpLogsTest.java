package io.fairlead.record.ingest;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Logs of OpenTelemetry, as protobuf and as JSON. */
final class OtlpLogsTest {
  private static final String TRACE = "0af7651916cd43dd8448eb211c80319c";

  // A writer of protobuf as small as it can be.

  private static byte[] bytes(int field, byte[] value) {
    return join(varint((field << 3) | 2), varint(value.length), value);
  }

  private static byte[] text(int field, String value) {
    return bytes(field, value.getBytes(UTF_8));
  }

  private static byte[] number(int field, long value) {
    return join(varint(field << 3), varint(value));
  }

  private static byte[] fixed(int field, long value) {
    byte[] eight = new byte[8];
    for (int i = 0; i < 8; i++) {
      eight[i] = (byte) (value >>> (8 * i));
    }
    return join(varint((field << 3) | 1), eight);
  }

  private static byte[] varint(long value) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    long rest = value;
    while ((rest & ~0x7FL) != 0) {
      out.write((int) ((rest & 0x7F) | 0x80));
      rest >>>= 7;
    }
    out.write((int) rest);
    return out.toByteArray();
  }

  private static byte[] join(byte[]... parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      out.writeBytes(part);
    }
    return out.toByteArray();
  }

  private static byte[] attribute(int field, String key, String value) {
    return bytes(field, join(text(1, key), bytes(2, text(1, value))));
  }

  private static byte[] request() {
    byte[] log =
        join(
            fixed(1, 1_795_687_200_000_000_000L),
            number(2, 17),
            text(3, "ERROR"),
            bytes(5, text(1, "no stock")),
            attribute(6, "request_id", "r1"),
            bytes(9, HexFormat.of().parseHex(TRACE)),
            bytes(10, new byte[8]),
            join(varint((8 << 3) | 5), new byte[4]), // flags
            number(99, 7)); // somebody's own
    byte[] list =
        join(
            fixed(11, 5),
            bytes(5, bytes(6, bytes(1, join(text(1, "n"), bytes(2, number(3, 42)))))));
    return bytes(
        1,
        join(
            bytes(2, join(bytes(2, log), bytes(2, list))),
            bytes(1, join(attribute(1, "service.name", "shop"), attribute(1, "host.name", "b")))));
  }

  private static List<OtlpLogs.Entry> protobuf(byte[] bytes) throws OtlpLogs.Broken {
    List<OtlpLogs.Entry> found = new ArrayList<>();
    OtlpLogs.readProtobuf(bytes, found::add);
    return found;
  }

  private static List<OtlpLogs.Entry> json(String text) throws OtlpLogs.Broken {
    List<OtlpLogs.Entry> found = new ArrayList<>();
    OtlpLogs.readJson(text.getBytes(UTF_8), found::add);
    return found;
  }

  @Test
  void asProtobuf() throws Exception {
    List<OtlpLogs.Entry> found = protobuf(request());
    assertThat(found).hasSize(2);
    check(found.getFirst());
    assertThat(found.getLast().body()).isEqualTo("{n:42}");
    assertThat(found.getLast().timeNanos()).isEqualTo(5);
    assertThat(found.getLast().level()).isEmpty();
  }

  @Test
  void asJson() throws Exception {
    List<OtlpLogs.Entry> found =
        json(
            """
            {"resourceLogs":[{"resource":{"attributes":[
              {"key":"service.name","value":{"stringValue":"shop"}},
              {"key":"host.name","value":{"stringValue":"b"}}]},
             "scopeLogs":[{"logRecords":[{"timeUnixNano":"1795687200000000000",
              "severityNumber":17,"severityText":"ERROR","body":{"stringValue":"no stock"},
              "attributes":[{"key":"request_id","value":{"stringValue":"r1"}}],
              "traceId":"0AF7651916CD43DD8448EB211C80319C"}]}]}]}
            """);
    assertThat(found).hasSize(1);
    check(found.getFirst());
    assertThat(json("{}")).isEmpty();
    assertThatThrownBy(() -> json("{")).isInstanceOf(OtlpLogs.Broken.class);
    assertThatThrownBy(() -> json("[]")).isInstanceOf(OtlpLogs.Broken.class);
    assertThat(json("{\"resourceLogs\":{\"a\":7}}")).isEmpty();
  }

  private static void check(OtlpLogs.Entry log) {
    assertThat(log.resource())
        .containsEntry("service.name", "shop")
        .containsEntry("host.name", "b");
    assertThat(log.timeNanos()).isEqualTo(1_795_687_200_000_000_000L);
    assertThat(log.level()).isEqualTo("error");
    assertThat(log.body()).isEqualTo("no stock");
    assertThat(log.attributes()).containsEntry("request_id", "r1");
    assertThat(log.traceId()).isEqualTo(TRACE);
  }

  /** What is broken is refused, and nothing else happens. */
  @Test
  void brokenBytesAreRefused() {
    long seed = new Random().nextLong();
    Random random = new Random(seed);
    byte[] whole = request();
    for (int i = 0; i < 20_000; i++) {
      byte[] bytes = Arrays.copyOf(whole, random.nextInt(whole.length + 1));
      for (int n = random.nextInt(3); n > 0 && bytes.length > 0; n--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
      }
      try {
        assertThat(protobuf(bytes).size()).as("seed %d", seed).isLessThan(100);
      } catch (OtlpLogs.Broken e) {
        // As it should be.
      }
    }
  }
}
