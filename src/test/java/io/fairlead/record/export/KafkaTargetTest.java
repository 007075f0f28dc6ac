package io.fairlead.record.export;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.config.ExportConfig;
import io.fairlead.config.HostPort;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What comes of those that are no brokers, and the frame of a batch; KafkaTest has a real one. */
@Timeout(30)
class KafkaTargetTest {
  private static final byte[] ROWS = "{\"id\":\"a\",\"n\":1}\n{\"id\":\"b\"}\n".getBytes(UTF_8);

  private static void send(int port) throws Exception {
    try (KafkaTarget target =
        new KafkaTarget(
            new ExportConfig.Kafka(
                List.of(new HostPort("127.0.0.1", port)), "edge", ExportConfig.TABLES))) {
      target.send("events", ROWS, 2);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "'', the connection was closed",
    "48545450, not Kafka's protocol",
    "00000004 00000002, an answer to another question",
    "00000004 00000001, the connection was closed",
    "00000008 00000001 00000000, the connection was closed",
    "0000000c 00000001 00000000 7fffffff, not Kafka's protocol",
  })
  void whatIsNoBrokerIsToldApart(String answer, String why) throws Exception {
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      Thread.ofVirtual()
          .start(() -> {
            try (Socket socket = server.accept();
                OutputStream out = socket.getOutputStream()) {
              socket.getInputStream().readNBytes(20);
              out.write(HexFormat.of().parseHex(answer.replace(" ", "")));
              out.flush();
              socket.shutdownOutput();
              socket.getInputStream().readAllBytes();
            } catch (IOException e) {
              // The test is over.
            }
          });
      assertThatThrownBy(() -> send(server.getLocalPort()))
          .isInstanceOf(IOException.class)
          .hasMessage(why);
    }
  }

  @Test
  void whereNobodyListensNobodyAnswers() throws IOException {
    int port;
    try (ServerSocket server = new ServerSocket(0, 5, InetAddress.getLoopbackAddress())) {
      port = server.getLocalPort();
    }
    assertThatThrownBy(() -> send(port)).hasMessage("no connection");
  }

  @Test
  void aBatchSaysHowLongItIsAndWhatItsSumIs() throws IOException {
    ByteBuffer batch = ByteBuffer.wrap(KafkaBatch.of(ROWS, 2, 1_800_000_000_000L));
    assertThat(batch.getInt(8)).isEqualTo(batch.capacity() - 12);
    assertThat(batch.get(16)).isEqualTo((byte) 2);
    CRC32C sum = new CRC32C();
    sum.update(batch.array(), 21, batch.capacity() - 21);
    assertThat(batch.getInt(17)).isEqualTo((int) sum.getValue());
    assertThat(batch.getInt(23)).as("last offset").isEqualTo(1);
    assertThat(batch.getInt(57)).as("records").isEqualTo(2);
  }
}
