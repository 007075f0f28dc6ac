package io.fairlead.dns;

import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Sends questions as they are and waits for what comes back. */
final class Asker {
  private final InetSocketAddress server;
  private final int patienceMillis;

  /** Something that is always answered. */
  private static final byte[] PLAIN = Corpus.assemble("H:0000:1:0:0:0 Q:one.fl.test:A");

  Asker(InetSocketAddress server, int patienceMillis) {
    this.server = server;
    this.patienceMillis = patienceMillis;
  }

  byte @Nullable [] ask(String via, byte[] question) throws IOException {
    return switch (via) {
      case "udp" -> udp(question);
      case "tcp" -> tcp(question, 1);
      case "tcp-split" -> tcp(question, question.length + 2);
      case "tcp-twice" -> twice(question);
      case "tcp-half" -> half(question);
      default -> throw new IllegalArgumentException(via);
    };
  }

  /**
   * That nothing comes is known as soon as the answer to a second question is there, which came
   * after it to the same socket.
   */
  private byte @Nullable [] udp(byte[] question) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(server);
      socket.setSoTimeout(patienceMillis);
      socket.send(new DatagramPacket(question, question.length));
      byte[] plain = PLAIN.clone();
      plain[0] = (byte) 0xEE;
      socket.send(new DatagramPacket(plain, plain.length));
      byte[] first = null;
      byte[] in = new byte[65_535];
      while (true) {
        DatagramPacket packet = new DatagramPacket(in, in.length);
        try {
          socket.receive(packet);
        } catch (SocketTimeoutException e) {
          return first;
        }
        byte[] answer = Arrays.copyOf(in, packet.getLength());
        if (answer.length > 1 && answer[0] == (byte) 0xEE && answer[1] == plain[1]) {
          if (first != null) {
            return first;
          }
          socket.setSoTimeout(50); // with several threads it may have been overtaken
        } else {
          first = answer;
        }
      }
    }
  }

  private static byte[] framed(byte[] question) {
    byte[] framed = new byte[question.length + 2];
    framed[0] = (byte) (question.length >> 8);
    framed[1] = (byte) question.length;
    System.arraycopy(question, 0, framed, 2, question.length);
    return framed;
  }

  private Socket connect() throws IOException {
    Socket socket = new Socket();
    socket.connect(server, patienceMillis);
    socket.setSoTimeout(patienceMillis);
    socket.setTcpNoDelay(true);
    return socket;
  }

  private byte @Nullable [] tcp(byte[] question, int pieces) throws IOException {
    try (Socket socket = connect()) {
      byte[] framed = framed(question);
      OutputStream out = socket.getOutputStream();
      for (int i = 0; i < pieces; i++) {
        int from = framed.length * i / pieces;
        out.write(framed, from, framed.length * (i + 1) / pieces - from);
        out.flush();
      }
      if (question.length < 12 || question[2] < 0) {
        // Not a question: one that is follows, in case the connection stays.
        byte[] plain = PLAIN.clone();
        plain[0] = (byte) 0xEE;
        out.write(framed(plain));
      }
      return read(socket);
    } catch (IOException e) {
      return null; // closed
    }
  }

  private byte @Nullable [] read(Socket socket) {
    try {
      DataInputStream in = new DataInputStream(socket.getInputStream());
      while (true) {
        byte[] answer = new byte[in.readUnsignedShort()];
        in.readFully(answer);
        if (answer.length > 0 && answer[0] == (byte) 0xEE) {
          return null;
        }
        return answer;
      }
    } catch (IOException e) {
      return null;
    }
  }

  private byte @Nullable [] twice(byte[] question) throws IOException {
    try (Socket socket = connect()) {
      byte[] framed = framed(question);
      byte[] both = Arrays.copyOf(framed, 2 * framed.length);
      System.arraycopy(framed, 0, both, framed.length, framed.length);
      socket.getOutputStream().write(both);
      byte[] first = read(socket);
      byte[] second = read(socket);
      return first == null || second == null || first.length != second.length ? null : second;
    }
  }

  private byte @Nullable [] half(byte[] question) throws IOException {
    try (Socket socket = connect()) {
      byte[] framed = framed(question);
      socket.getOutputStream().write(framed, 0, framed.length / 2);
      socket.setSoTimeout(200);
      return read(socket);
    }
  }
}
