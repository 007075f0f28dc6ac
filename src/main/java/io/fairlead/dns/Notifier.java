package io.fairlead.dns;

import io.fairlead.config.HostPort;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.PortUnreachableException;
import java.net.SocketTimeoutException;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;

/**
 * Tells other servers that a zone has changed (NOTIFY, RFC 1996), and tells it again until they
 * have heard. What changes several times in a row is told once more when the present telling ends.
 */
final class Notifier {
  private static final System.Logger LOG = System.getLogger(Notifier.class.getName());
  private static final int OPCODE_NOTIFY = 4;
  private static final int TRIES = 5;
  private static final int FIRST_WAIT_MILLIS = 1000;

  private final RandomGenerator random;
  private final Map<String, Boolean> telling = new ConcurrentHashMap<>();

  Notifier(RandomGenerator random) {
    this.random = random;
  }

  /** Control thread. */
  void changed(ZoneData zone) {
    for (HostPort to : zone.settings.transfer().notified()) {
      String key = zone + " " + to;
      int id = random.nextInt(0x10000);
      boolean idle = telling.put(key, true) == null;
      if (idle) {
        Thread.ofVirtual().name("dns notify").start(() -> tell(zone, to, key, id));
      }
    }
  }

  private void tell(ZoneData zone, HostPort to, String key, int id) {
    try {
      do {
        telling.put(key, false);
        tell(zone, to, id);
      } while (!telling.remove(key, false));
    } catch (PortUnreachableException e) {
      telling.remove(key);
      LOG.log(
          Level.WARNING, "{0} could not be told that {1} has changed: nobody is there", to, zone);
    } catch (IOException | RuntimeException e) {
      telling.remove(key);
      LOG.log(
          Level.WARNING,
          "{0} could not be told that {1} has changed: {2}",
          to,
          zone,
          e.getMessage());
    }
  }

  private static void tell(ZoneData zone, HostPort to, int id) throws IOException {
    byte[] message = message(zone, id);
    try (DatagramSocket socket = new DatagramSocket()) {
      socket.connect(InetAddress.ofLiteral(to.host()), to.port());
      byte[] in = new byte[Responder.UDP_LIMIT];
      for (int i = 0; i < TRIES; i++) {
        socket.send(new DatagramPacket(message, message.length));
        socket.setSoTimeout(FIRST_WAIT_MILLIS << i);
        try {
          DatagramPacket packet = new DatagramPacket(in, in.length);
          socket.receive(packet);
          if (packet.getLength() >= Query.HEAD && in[0] == message[0] && in[1] == message[1]) {
            return;
          }
        } catch (SocketTimeoutException e) {
          // Again.
        }
      }
      throw new IOException("no answer");
    }
  }

  static byte[] message(ZoneData zone, int id) {
    Answer out = new Answer(1024);
    out.u16(id);
    out.u16(OPCODE_NOTIFY << 11 | 0x0400);
    out.u16(1);
    out.u16(1);
    out.u32(0);
    out.bytes(zone.name);
    out.u16(Type.SOA);
    out.u16(Type.CLASS_IN);
    out.u16(0xC000 | Query.HEAD);
    out.bytes(zone.soa());
    return Arrays.copyOf(out.out, out.at);
  }
}
