import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Sends garbage to a name server for some seconds, and says how much came back. Garbage has random
 * bytes, or a question with a few bytes changed.
 */
final class DnsGarbage {
  private DnsGarbage() {}

  public static void main(String[] args) throws Exception {
    int port = Integer.parseInt(args[0]);
    long seconds = Long.parseLong(args[1]);
    byte[] question =
        HexFormat.of().parseHex("123400000001000000000000036f6e6502666c04746573740000010001");
    int cases = cases(Path.of(args[2]));
    SplittableRandom random = new SplittableRandom(7);
    AtomicLong received = new AtomicLong();
    AtomicLong answers = new AtomicLong();
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(InetAddress.ofLiteral("127.0.0.1"), port);
      socket.setReceiveBufferSize(8 << 20);
      socket.setSoTimeout(500);
      Thread reader =
          Thread.ofPlatform()
              .daemon()
              .start(() -> {
                byte[] in = new byte[4096];
                while (true) {
                  try {
                    DatagramPacket packet = new DatagramPacket(in, in.length);
                    socket.receive(packet);
                    received.addAndGet(packet.getLength());
                    answers.incrementAndGet();
                  } catch (SocketTimeoutException e) {
                    return;
                  } catch (IOException e) {
                    // Refused: nobody is there any more.
                    System.out.println("nobody is there any more");
                    return;
                  }
                }
              });
      long until = System.nanoTime() + seconds * 1_000_000_000L;
      long sent = 0;
      long packets = 0;
      while (System.nanoTime() < until) {
        byte[] bytes = garbage(question, random);
        socket.send(new DatagramPacket(bytes, bytes.length));
        sent += bytes.length;
        packets++;
      }
      reader.join();
      System.out.printf(
          Locale.ROOT,
          "%,d datagrams of garbage (%,d bytes, %,d a second; the corpus has %d cases), %,d answers"
              + " (%,d bytes: %.2f of what was sent).%n",
          packets,
          sent,
          packets / seconds,
          cases,
          answers.get(),
          received.get(),
          (double) received.get() / sent);
    }
  }

  private static int cases(Path folder) throws IOException {
    List<String> lines = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.filter(f -> f.toString().endsWith(".txt")).toList()) {
        lines.addAll(Files.readAllLines(file));
      }
    }
    return (int) lines.stream().filter(line -> line.startsWith("case ")).count();
  }

  private static byte[] garbage(byte[] question, SplittableRandom random) {
    byte[] bytes;
    if (random.nextInt(3) == 0) {
      bytes = new byte[1 + random.nextInt(100)];
      random.nextBytes(bytes);
    } else {
      bytes = question.clone();
      for (int i = 1 + random.nextInt(3); i > 0; i--) {
        bytes[2 + random.nextInt(bytes.length - 2)] = (byte) random.nextInt(256);
      }
      if (random.nextInt(4) == 0) {
        bytes = Arrays.copyOf(bytes, 2 + random.nextInt(bytes.length - 2));
      }
    }
    return bytes;
  }
}
