package io.fairlead.discovery;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Asks name servers, by UDP and, where the answer does not fit, by TCP. The library of the platform
 * does not say for how long an answer holds, which is what this is for.
 */
final class DnsClient {
  private static final int PORT = 53;
  private static final int PATIENCE_MILLIS = 2000;
  private static final int TRIES = 2;
  private static final int MOST_BYTES = 65_535;

  private final List<InetSocketAddress> servers;
  private final RandomGenerator random;

  /**
   * @param servers asked one after another until one answers
   */
  DnsClient(List<InetSocketAddress> servers, RandomGenerator random) {
    this.servers = List.copyOf(servers);
    this.random = random;
  }

  /** Those that this machine uses, which may be others each time. */
  static List<InetSocketAddress> ofSystem() throws IOException {
    List<InetSocketAddress> servers = new ArrayList<>();
    for (String line : Files.readAllLines(Path.of("/etc/resolv.conf"))) {
      String[] words = line.strip().split("\\s+", -1);
      if (words.length >= 2 && words[0].equals("nameserver")) {
        servers.add(new InetSocketAddress(words[1], PORT));
      }
    }
    if (servers.isEmpty()) {
      throw new IOException("/etc/resolv.conf names no server");
    }
    return servers;
  }

  /**
   * The answer of the first server that has one.
   *
   * @throws IOException if none has, in words
   */
  DnsQuestion.Answer ask(DnsQuestion question) throws IOException {
    IOException last = new IOException("there is no server to ask");
    for (int i = 0; i < TRIES; i++) {
      for (InetSocketAddress server : servers) {
        try {
          DnsQuestion.Answer answer = ask(question, server);
          if (answer.code() == 0 || answer.code() == DnsQuestion.NXDOMAIN) {
            return answer;
          }
          last = new IOException(server + " answers with code " + answer.code());
        } catch (SocketTimeoutException e) {
          last = new IOException(server + " does not answer", e);
        } catch (IOException e) {
          last = new IOException(server + ": " + e.getMessage(), e);
        }
      }
    }
    throw last;
  }

  private DnsQuestion.Answer ask(DnsQuestion question, InetSocketAddress server)
      throws IOException {
    int id = random.nextInt(0x10000);
    byte[] message = question.ask(id);
    DnsQuestion.Answer answer = question.read(byUdp(message, server, question, id), id);
    return answer.truncated() ? question.read(byTcp(message, server), id) : answer;
  }

  private static byte[] byUdp(
      byte[] message, InetSocketAddress server, DnsQuestion question, int id) throws IOException {
    try (DatagramSocket socket = new DatagramSocket()) { // another port each time
      socket.connect(server); // nobody else is heard
      socket.send(new DatagramPacket(message, message.length));
      byte[] bytes = new byte[MOST_BYTES];
      long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000L;
      while (true) {
        long left = (end - System.nanoTime()) / 1_000_000;
        if (left <= 0) {
          throw new SocketTimeoutException();
        }
        socket.setSoTimeout((int) left);
        DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
        socket.receive(packet);
        byte[] got = Arrays.copyOf(bytes, packet.getLength());
        try {
          DnsQuestion.Answer _ = question.read(got, id);
          return got;
        } catch (IOException e) {
          // Not the answer to this: the right one may come yet.
        }
      }
    }
  }

  private static byte[] byTcp(byte[] message, InetSocketAddress server) throws IOException {
    try (Socket socket = new Socket()) {
      socket.connect(server, PATIENCE_MILLIS);
      socket.setSoTimeout(PATIENCE_MILLIS);
      DataOutputStream out = new DataOutputStream(socket.getOutputStream());
      out.writeShort(message.length);
      out.write(message);
      out.flush();
      DataInputStream in = new DataInputStream(socket.getInputStream());
      byte[] answer = new byte[in.readUnsignedShort()];
      in.readFully(answer);
      return answer;
    }
  }
}
