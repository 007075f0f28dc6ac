package io.fairlead.vip;

import java.io.IOException;
import java.net.DatagramPacket;
import java.net.DatagramSocket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;

/**
 * Rules of nftables between two machines that drop a share of the datagrams of a server, each way,
 * and make a share of the rest late, so that others overtake them. Rules cannot wait: those that
 * are to be late get another port where they arrive, at which a socket of ours waits with them and
 * sends them on, as if they had just come from where they came from.
 */
public final class LossyWire implements AutoCloseable {
  private static final int SOONEST_MILLIS = 5;
  private static final int LATEST_MILLIS = 30;

  /** What a port of a client is away from that of its late datagrams. */
  private static final int AWAY = 100;

  /** A datagram that the kernel would cut into many would be lost or late as a whole. */
  private static final List<String> NO_SEGMENTS =
      List.of("ip", "link", "set", "eth0", "gso_max_segs", "1");

  private final Namespaces machines;
  private final ScheduledExecutorService later =
      Executors.newSingleThreadScheduledExecutor(
          Thread.ofPlatform().daemon().name("late datagrams").factory());
  private final List<DatagramSocket> waiting = new ArrayList<>();

  /**
   * Puts the rules in force.
   *
   * @param machines of which the first is the server, and the second the clients
   * @param server port of the server, to which clients send from the ports
   * @param clients ports of the clients
   * @param lost per cent that are dropped
   * @param late per cent that others overtake
   */
  public LossyWire(
      Namespaces machines,
      InetSocketAddress server,
      InetAddress client,
      List<Integer> clients,
      int lost,
      int late)
      throws Exception {
    this.machines = machines;
    for (String each : List.of("server", "client")) {
      machines.run(each, NO_SEGMENTS.toArray(String[]::new));
    }
    machines.run(
        "sw",
        "nft",
        """
        table bridge lossy {
          counter toServer { }
          counter toClient { }
          chain between {
            type filter hook forward priority 0;
            ether type ip udp dport %1$d numgen random mod 100 < %2$d counter name toServer drop
            ether type ip udp sport %1$d numgen random mod 100 < %2$d counter name toClient drop
          }
        }
        """
            .formatted(server.getPort(), lost));
    delay("server", client, clients, server.getAddress(), List.of(server.getPort()), late);
    delay("client", server.getAddress(), List.of(server.getPort()), client, clients, late);
  }

  /** Those that come to a machine, by a port for each pair of sender and receiver. */
  private void delay(
      String machine,
      InetAddress from,
      List<Integer> fromPorts,
      InetAddress to,
      List<Integer> toPorts,
      int late)
      throws Exception {
    StringBuilder in = new StringBuilder();
    StringBuilder out = new StringBuilder();
    for (int fromPort : fromPorts) {
      for (int toPort : toPorts) {
        int port = Math.min(fromPort, toPort) + AWAY;
        in.append(
            """
            iifname eth0 udp sport %d udp dport %d numgen random mod 100 < %d \\
              counter name late udp dport set %d
            """
                .formatted(fromPort, toPort, late, port));
        out.append(
            "udp sport %d udp dport %d ip saddr set %s udp sport set %d\n"
                .formatted(port, toPort, from.getHostAddress(), fromPort));
        DatagramSocket socket =
            machines.inside(machine, () -> new DatagramSocket(new InetSocketAddress(to, port)));
        waiting.add(socket);
        Thread.ofPlatform().daemon().name("late at " + machine).start(() -> wait(socket, toPort));
      }
    }
    machines.run(
        machine,
        "nft",
        """
        table ip late {
          counter late { }
          chain in { type filter hook prerouting priority -300; %s }
          chain out { type filter hook output priority -300; %s }
        }
        """
            .formatted(in, out));
  }

  private void wait(DatagramSocket socket, int port) {
    byte[] bytes = new byte[2048];
    InetAddress here = socket.getLocalAddress();
    try {
      while (true) {
        DatagramPacket packet = new DatagramPacket(bytes, bytes.length);
        socket.receive(packet);
        byte[] data = Arrays.copyOf(bytes, packet.getLength());
        int millis = ThreadLocalRandom.current().nextInt(SOONEST_MILLIS, LATEST_MILLIS);
        Object _ =
            later.schedule(() -> send(socket, data, here, port), millis, TimeUnit.MILLISECONDS);
      }
    } catch (IOException e) {
      if (!socket.isClosed()) {
        throw new AssertionError("nobody takes late datagrams on", e);
      }
    }
  }

  private static void send(DatagramSocket socket, byte[] data, InetAddress to, int port) {
    try {
      socket.send(new DatagramPacket(data, data.length, to, port));
    } catch (SocketException _) {
      // Closed.
    } catch (IOException e) {
      throw new AssertionError("a late datagram is lost", e);
    }
  }

  /** How many were dropped on their way to the server. */
  public long lostToServer() throws Exception {
    return count("sw", "bridge", "lossy", "toServer");
  }

  /** How many were dropped on their way to clients. */
  public long lostToClient() throws Exception {
    return count("sw", "bridge", "lossy", "toClient");
  }

  /** How many came late to a machine. */
  public long late(String machine) throws Exception {
    return count(machine, "ip", "late", "late");
  }

  private long count(String machine, String family, String table, String counter) throws Exception {
    String said = machines.run(machine, "nft", "list", "counter", family, table, counter);
    return Long.parseLong(said.replaceAll("(?s).*packets (\\d+).*", "$1"));
  }

  /** All arrive again. */
  @Override
  public void close() throws IOException {
    later.shutdownNow();
    waiting.forEach(DatagramSocket::close);
    try {
      machines.run("sw", "nft", "delete table bridge lossy");
      for (String each : List.of("server", "client")) {
        machines.run(each, "nft", "delete table ip late");
      }
    } catch (InterruptedException _) {
      Thread.currentThread().interrupt();
    }
  }
}
