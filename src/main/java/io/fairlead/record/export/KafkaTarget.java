package io.fairlead.record.export;

import static java.nio.charset.StandardCharsets.UTF_8;

import io.fairlead.config.ExportConfig;
import io.fairlead.config.HostPort;
import java.io.BufferedInputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.Closeable;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Brokers that speak Kafka's protocol [1]: {@code Metadata} of version 5 says who leads the
 * partitions of a topic, {@code Produce} of version 7 gives a batch to one partition after the
 * other, and is answered when all replicas in sync have it. Both versions are understood by brokers
 * from 2.1 on. Whatever goes wrong, connections are closed and the leaders asked for anew.
 *
 * <p>[1] Apache Kafka, protocol guide.
 */
final class KafkaTarget implements ExportTarget {
  /** Brokers take a batch of 1 MiB unless they are told otherwise; packed it is far smaller. */
  private static final int MOST = 900_000;

  private static final int CONNECT_MILLIS = 5_000;
  private static final int READ_MILLIS = 40_000;
  private static final int ACK_MILLIS = 30_000;
  private static final int MOST_ANSWER = 16 << 20;
  private static final int ALL_IN_SYNC = -1;

  private static final int PRODUCE = 0;
  private static final int METADATA = 3;

  private final ExportConfig.Kafka config;
  private final Map<Integer, InetSocketAddress> addresses = new HashMap<>();
  private final Map<Integer, Connection> connections = new HashMap<>();

  /** Of each topic the leaders of its partitions; negative: there is none now. */
  private final Map<String, int[]> leaders = new HashMap<>();

  private int turn;

  KafkaTarget(ExportConfig.Kafka config) {
    this.config = config;
  }

  @Override
  public int most() {
    return MOST;
  }

  @Override
  public void send(String table, byte[] rows, int count) throws IOException {
    String topic = config.topic() + "-" + table;
    try {
      int[] partitions = leaders.get(topic);
      if (partitions == null) {
        partitions = ask(topic);
        leaders.put(topic, partitions);
      }
      int partition = next(partitions);
      produce(
          topic,
          partition,
          partitions[partition],
          KafkaBatch.of(rows, count, System.currentTimeMillis()));
    } catch (IOException e) {
      forget();
      throw new IOException(plain(e), e);
    }
  }

  private static String plain(IOException e) {
    return switch (e) {
      case SocketTimeoutException _ -> "no answer in time";
      case EOFException _ -> "the connection was closed";
      case ConnectException _ -> "no connection";
      case UnknownHostException _ -> "nobody knows the host " + e.getMessage();
      default -> String.valueOf(e.getMessage());
    };
  }

  /** One after the other, as far as they have leaders. */
  private int next(int[] partitions) throws IOException {
    for (int i = 0; i < partitions.length; i++) {
      turn = (turn + 1) % partitions.length;
      if (partitions[turn] >= 0) {
        return turn;
      }
    }
    throw new IOException("no partition has a leader");
  }

  // --- requests -------------------------------------------------------------------------------

  private int[] ask(String topic) throws IOException {
    IOException why = new IOException("no broker");
    for (HostPort broker : config.brokers()) {
      try (Connection connection =
          new Connection(InetSocketAddress.createUnresolved(broker.host(), broker.port()))) {
        return ask(connection, topic);
      } catch (IOException e) {
        why = e;
      }
    }
    throw why;
  }

  private int[] ask(Connection connection, String topic) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(body);
    out.writeInt(1);
    text(out, topic);
    out.writeBoolean(true); // if brokers make topics by themselves, this one, too
    DataInputStream in = connection.call(METADATA, 5, body);
    in.readInt();
    for (int left = count(in); left > 0; left--) {
      int node = in.readInt();
      String host = text(in);
      int port = in.readInt();
      text(in);
      if (port < 0 || port > 65535) {
        throw new IOException("not Kafka's protocol");
      }
      addresses.put(node, InetSocketAddress.createUnresolved(host, port));
    }
    text(in);
    in.readInt();
    int[] found = null;
    for (int left = count(in); left > 0; left--) {
      int error = in.readShort();
      String name = text(in);
      in.readBoolean();
      int[] partitions = partitions(in);
      if (name.equals(topic)) {
        if (error != 0) {
          throw refused("the topic " + topic, error);
        }
        found = partitions;
      }
    }
    if (found == null || found.length == 0) {
      throw new IOException("there is no topic " + topic + " yet");
    }
    return found;
  }

  private static int[] partitions(DataInputStream in) throws IOException {
    int[] leaders = new int[count(in)];
    Arrays.fill(leaders, -1);
    for (int i = 0; i < leaders.length; i++) {
      int error = in.readShort();
      int number = in.readInt();
      int leader = in.readInt();
      for (int list = 0; list < 3; list++) {
        for (int left = count(in); left > 0; left--) {
          in.readInt();
        }
      }
      if (error == 0 && number >= 0 && number < leaders.length) {
        leaders[number] = leader;
      }
    }
    return leaders;
  }

  private void produce(String topic, int partition, int leader, byte[] batch) throws IOException {
    ByteArrayOutputStream body = new ByteArrayOutputStream(batch.length + 128);
    DataOutputStream out = new DataOutputStream(body);
    out.writeShort(-1); // no transaction
    out.writeShort(ALL_IN_SYNC);
    out.writeInt(ACK_MILLIS);
    out.writeInt(1);
    text(out, topic);
    out.writeInt(1);
    out.writeInt(partition);
    out.writeInt(batch.length);
    out.write(batch);
    DataInputStream in = to(leader).call(PRODUCE, 7, body);
    if (count(in) != 1 || !text(in).equals(topic) || count(in) != 1 || in.readInt() != partition) {
      throw new IOException("an answer to another question");
    }
    int error = in.readShort();
    if (error != 0) {
      throw refused(topic + " partition " + partition, error);
    }
  }

  private static IOException refused(String what, int error) {
    return new IOException(
        what
            + ": "
            + switch (error) {
              case 3 -> "unknown to the brokers";
              case 5 -> "no leader now";
              case 6 -> "the leader is another";
              case 7 -> "the brokers took too long";
              case 10 -> "a batch is too large for them (max.message.bytes)";
              case 17 -> "a topic cannot have this name";
              case 19, 20 -> "too few replicas are in sync";
              case 29 -> "not allowed";
              default -> "error " + error;
            });
  }

  private Connection to(int leader) throws IOException {
    Connection known = connections.get(leader);
    if (known == null) {
      InetSocketAddress address = addresses.get(leader);
      if (address == null) {
        throw new IOException("nobody knows where broker " + leader + " is");
      }
      known = new Connection(address);
      connections.put(leader, known);
    }
    return known;
  }

  private void forget() {
    connections.values().forEach(Connection::close);
    connections.clear();
    leaders.clear();
  }

  @Override
  public void close() {
    forget();
  }

  // --- bytes ----------------------------------------------------------------------------------

  private static int count(DataInputStream in) throws IOException {
    int count = in.readInt();
    if (count < 0 || count > 1 << 16) {
      throw new IOException("not Kafka's protocol");
    }
    return count;
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    out.writeShort(bytes.length);
    out.write(bytes);
  }

  private static String text(DataInputStream in) throws IOException {
    int length = in.readShort();
    return length < 0 ? "" : new String(in.readNBytes(length), UTF_8);
  }

  /** A question at a time. */
  private static final class Connection implements Closeable {
    private final Socket socket = new Socket();
    private final DataInputStream in;
    private final DataOutputStream out;
    private int number;

    Connection(InetSocketAddress address) throws IOException {
      try {
        socket.connect(
            new InetSocketAddress(address.getHostString(), address.getPort()), CONNECT_MILLIS);
        socket.setSoTimeout(READ_MILLIS);
        socket.setTcpNoDelay(true);
        in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
        out = new DataOutputStream(socket.getOutputStream());
      } catch (IOException e) {
        close();
        throw e;
      }
    }

    DataInputStream call(int api, int version, ByteArrayOutputStream body) throws IOException {
      ByteArrayOutputStream request = new ByteArrayOutputStream(body.size() + 32);
      DataOutputStream head = new DataOutputStream(request);
      head.writeInt(10 + "fairlead".length() + body.size());
      head.writeShort(api);
      head.writeShort(version);
      head.writeInt(++number);
      text(head, "fairlead");
      body.writeTo(request);
      request.writeTo(out);
      int length = in.readInt();
      if (length < 4 || length > MOST_ANSWER) {
        throw new IOException("not Kafka's protocol");
      }
      byte[] answer = new byte[length];
      in.readFully(answer);
      DataInputStream found = new DataInputStream(new ByteArrayInputStream(answer));
      if (found.readInt() != number) {
        throw new IOException("an answer to another question");
      }
      return found;
    }

    @Override
    public void close() {
      try {
        socket.close();
      } catch (IOException e) {
        // It is of no use any more either way.
      }
    }
  }
}
