package io.fairlead.discovery;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fairlead.FreePort;
import io.fairlead.config.HostPort;
import io.fairlead.service.NodeSpec;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A real name server, and one that answers what it should not. */
@Timeout(60)
class DnsLookTest {
  private static final SplittableRandom RANDOM = new SplittableRandom(5);

  @Test
  void whatARealServerSays(@TempDir Path folder) throws Exception {
    int port = FreePort.any();
    List<String> command =
        new ArrayList<>(
            List.of(
                "dnsmasq",
                "--keep-in-foreground",
                "--conf-file=/dev/null",
                "--port=" + port,
                "--listen-address=127.0.0.1",
                "--bind-interfaces",
                "--no-resolv",
                "--no-hosts",
                "--user=",
                "--pid-file=",
                "--local=/test/",
                "--host-record=one.test,10.0.0.1,fd00::1,40",
                "--host-record=two.test,10.0.0.2,70",
                "--cname=alias.test,one.test",
                "--srv-host=_http._tcp.shop.test,one.test,8081,10,5",
                "--srv-host=_http._tcp.shop.test,two.test,8082,20,0"));
    for (int i = 0; i < 200; i++) { // more than a datagram holds
      command.add("--host-record=many.test,10.1." + i / 100 + "." + (1 + i % 100) + ",40");
    }
    Process server =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("log").toFile())
            .start();
    try {
      SourceLook.Found found = awaitAnswer(look("one.test:80", port), server, folder);
      assertThat(addresses(found)).containsExactly("10.0.0.1:80", "[fd00:0:0:0:0:0:0:1]:80");
      assertThat(found.again()).isEqualTo(Duration.ofSeconds(40));
      assertThat(addresses(look("alias.test:80", port).look())).contains("10.0.0.1:80");
      assertThat(look("many.test:80", port).look().nodes()).as("by TCP").hasSize(200);
      assertThat(look("none.test:80", port).look().nodes()).isEmpty();
      SourceLook.Found places =
          DnsLook.of("_http._tcp.shop.test", Optional.of(server(port)), RANDOM).look();
      assertThat(places.nodes())
          .extracting(node ->
              node.name()
                  + " at "
                  + node.address()
                  + " tier "
                  + node.tier()
                  + " weight "
                  + node.weight())
          .containsExactlyInAnyOrder(
              "10.0.0.1:8081 at 10.0.0.1:8081 tier 0 weight 5",
              "[fd00:0:0:0:0:0:0:1]:8081 at [fd00:0:0:0:0:0:0:1]:8081 tier 0 weight 5",
              "two.test:8082 at 10.0.0.2:8082 tier 1 weight 1");
    } finally {
      server.destroy();
      assertThat(server.waitFor(10, TimeUnit.SECONDS)).isTrue();
    }
    assertThatThrownBy(() -> look("one.test:80", port).look()).isInstanceOf(IOException.class);
  }

  private static SourceLook.Found awaitAnswer(DnsLook look, Process server, Path folder)
      throws Exception {
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
    while (true) {
      try {
        return look.look();
      } catch (IOException e) {
        if (!server.isAlive() || System.nanoTime() > end) {
          throw new AssertionError(Files.readString(folder.resolve("log")), e);
        }
        Thread.sleep(20);
      }
    }
  }

  /** A server that changes its answer on the way. */
  private static final class Liar implements AutoCloseable {
    private final DatagramSocket socket =
        new DatagramSocket(FreePort.any(), InetAddress.getLoopbackAddress());
    private final ServerSocket tcp;
    private volatile UnaryOperator<byte[]> change = UnaryOperator.identity();
    private volatile int asked;

    Liar() throws IOException {
      tcp = new ServerSocket(socket.getLocalPort(), 10, InetAddress.getLoopbackAddress());
      Thread.ofVirtual().start(this::serve);
      Thread.ofVirtual().start(this::serveTcp);
    }

    int port() {
      return socket.getLocalPort();
    }

    @SuppressWarnings("NonAtomicVolatileUpdate") // one thread writes
    private void serve() {
      byte[] bytes = new byte[2000];
      try {
        while (true) {
          DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
          socket.receive(packet);
          asked++;
          byte[] answer = change.apply(answer(Arrays.copyOf(bytes, packet.getLength())));
          socket.send(new DatagramPacket(answer, answer.length, packet.getSocketAddress()));
        }
      } catch (IOException e) {
        // Closed.
      }
    }

    private void serveTcp() {
      try {
        while (true) {
          try (Socket client = tcp.accept()) {
            DataInputStream in = new DataInputStream(client.getInputStream());
            byte[] question = in.readNBytes(in.readUnsignedShort());
            byte[] answer = answer(question);
            DataOutputStream out = new DataOutputStream(client.getOutputStream());
            out.writeShort(answer.length);
            out.write(answer);
          }
        }
      } catch (IOException e) {
        // Closed.
      }
    }

    /** 10.9.9.9 for 7 s to each question for A, nothing to others. */
    private static byte[] answer(byte[] question) throws IOException {
      int end = 12;
      while (question[end] != 0) {
        end += 1 + question[end];
      }
      boolean forAddress = question[end + 2] == DnsQuestion.A;
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      DataOutputStream out = new DataOutputStream(bytes);
      out.write(question, 0, 2);
      out.writeShort(0x8180);
      out.writeShort(1);
      out.writeShort(forAddress ? 1 : 0);
      out.writeInt(0);
      out.write(question, 12, end + 5 - 12);
      if (forAddress) {
        out.writeShort(0xc00c);
        out.writeShort(DnsQuestion.A);
        out.writeShort(1);
        out.writeInt(7);
        out.writeShort(4);
        out.write(new byte[] {10, 9, 9, 9});
      }
      return bytes.toByteArray();
    }

    @Override
    public void close() throws IOException {
      socket.close();
      tcp.close();
    }
  }

  @Test
  void whatIsWrongIsNotBelieved() throws IOException {
    try (Liar server = new Liar()) {
      DnsLook look = look("shop.test:80", server.port());
      assertThat(addresses(look.look())).containsExactly("10.9.9.9:80");
      server.change = bytes -> with(bytes, 2, 0x83); // there is more, by TCP
      assertThat(addresses(look.look())).containsExactly("10.9.9.9:80");
      server.change = bytes -> with(bytes, 3, 0x82); // SERVFAIL
      assertThatThrownBy(look::look).hasMessageContaining("answers with code 2");
      server.change = bytes -> with(bytes, 3, 0x83); // NXDOMAIN, without its records
      assertThat(look("shop.test:80", server.port()).look().again()).isNotNull();
    }
  }

  @Test
  void whoDoesNotAnswerToTheQuestionIsNotHeard() throws IOException {
    try (Liar server = new Liar()) {
      server.change = bytes -> with(bytes, 0, bytes[0] + 1); // the answer to another question
      assertThatThrownBy(() -> look("shop.test:80", server.port()).look())
          .hasMessageContaining("does not answer");
      assertThat(server.asked).isEqualTo(2);
    }
  }

  /** Whatever comes: an answer, or that there is none. */
  @Test
  void garbageIsRefused() throws IOException {
    DnsQuestion question = new DnsQuestion("shop.test", DnsQuestion.A);
    byte[] right = Liar.answer(question.ask(1));
    assertThat(question.read(right, 1).found()).hasSize(1);
    SplittableRandom random = new SplittableRandom(11);
    int read = 0;
    for (int i = 0; i < 200_000; i++) {
      byte[] bytes = Arrays.copyOf(right, random.nextInt(right.length + 1));
      for (int j = random.nextInt(4); j > 0 && bytes.length > 0; j--) {
        bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
      }
      try {
        DnsQuestion.Answer _ = question.read(bytes, 1);
        read++;
      } catch (IOException e) {
        // As it should be.
      }
    }
    assertThat(read).isPositive();
  }

  @Test
  void aFileSaysWhatNodesSay(@TempDir Path folder) throws IOException {
    Path file = folder.resolve("nodes.yaml");
    FileLook look = new FileLook(file);
    assertThatThrownBy(look::look).hasMessageContaining("there is no such file");
    Files.writeString(
        file,
        "- 10.0.0.1:80\n- { address: \"10.0.0.2:80\", name: b, weight: 3, labels: { v: x } }\n");
    assertThat(look.look().nodes())
        .extracting(NodeSpec::name, NodeSpec::weight)
        .containsExactly(
            org.assertj.core.groups.Tuple.tuple("10.0.0.1:80", 1),
            org.assertj.core.groups.Tuple.tuple("b", 3));
    Files.writeString(file, "[\"10.0.0.1:80\", {\"address\": \"10.0.0.3:80\"}]");
    assertThat(addresses(look.look())).containsExactly("10.0.0.1:80", "10.0.0.3:80");
    Files.write(file, "[\"10.0.0.1:80\", {\"addr".getBytes(StandardCharsets.UTF_8));
    assertThatThrownBy(look::look).hasMessageStartingWith(file + ":");
    Files.writeString(file, "- { address: \"10.0.0.2:80\", wieght: 3 }");
    assertThatThrownBy(look::look).hasMessageContaining("did you mean weight");
    Files.writeString(file, "[]");
    assertThat(look.look().nodes()).isEmpty();
  }

  private static byte[] with(byte[] bytes, int at, int value) {
    byte[] other = bytes.clone();
    other[at] = (byte) value;
    return other;
  }

  private static DnsLook look(String host, int port) {
    return DnsLook.of(HostPort.parse(host), Optional.of(server(port)), RANDOM);
  }

  private static HostPort server(int port) {
    return new HostPort("127.0.0.1", port);
  }

  private static List<String> addresses(SourceLook.Found found) {
    return found.nodes().stream().map(node -> node.address().toString()).toList();
  }
}
