package io.fairlead.docker;

import java.io.IOException;
import java.io.InputStream;
import java.net.StandardProtocolFamily;
import java.net.URLDecoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * As much of an engine as is asked for, over a real socket, with one answer at a connection; what
 * it is not asked for by those who start nodes is said by a {@link #script}.
 */
public final class ScriptedEngine implements AutoCloseable {
  private static final JsonMapper MAPPER = new JsonMapper();

  private final ServerSocketChannel server;
  private final List<String> asked = new ArrayList<>();
  private final Map<String, Container> containers = new LinkedHashMap<>();
  private final String version = "{\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.24\"}";
  private volatile String refusesStart = "";
  private volatile boolean silent;
  private volatile boolean chunked;
  private volatile Function<String, @Nullable String> script = _ -> null;
  private int next = 1;

  /**
   * What it answers instead, to METHOD PATH with the query decoded.
   *
   * @param answers null: as otherwise
   */
  public void script(Function<String, @Nullable String> answers) {
    script = answers;
  }

  /** Takes connections and says nothing. */
  public void beSilent(boolean on) {
    silent = on;
  }

  /** Sends bodies in pieces. */
  public void sendPieces() {
    chunked = true;
  }

  /** Starts nothing any more. */
  public void refuseStarts(String why) {
    refusesStart = why;
  }

  /** What it was asked, as METHOD PATH, decoded. */
  public List<String> asked() {
    return asked;
  }

  public Map<String, Container> containers() {
    return containers;
  }

  public Container container(String id) {
    return Objects.requireNonNull(containers.get(id), id);
  }

  /** One of them. */
  public static final class Container {
    final String id;
    final String name;
    final JsonNode made;
    String state = "created";

    Container(String id, String name, JsonNode made) {
      this.id = id;
      this.name = name;
      this.made = made;
    }

    /** What it was made of. */
    public JsonNode made() {
      return made;
    }

    public void become(String other) {
      state = other;
    }
  }

  public ScriptedEngine(Path socket) throws IOException {
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread.ofVirtual().start(this::serve);
  }

  private void serve() {
    while (true) {
      try (SocketChannel client = server.accept()) {
        if (silent) {
          int _ = client.read(ByteBuffer.allocate(10_000));
          int _ = client.read(ByteBuffer.allocate(10_000)); // until it is given up
          continue;
        }
        InputStream in = Channels.newInputStream(client);
        StringBuilder head = new StringBuilder();
        while (head.indexOf("\r\n\r\n") < 0) {
          head.append((char) in.read());
        }
        String text = head.toString();
        int length = Integer.parseInt(text.replaceAll("(?s).*Content-Length: (\\d+).*", "$1"));
        String body = new String(in.readNBytes(length), StandardCharsets.UTF_8);
        String[] line = text.lines().findFirst().orElseThrow().split(" ", -1);
        String answer = answer(line[0], line[1], body);
        client.write(ByteBuffer.wrap(answer.getBytes(StandardCharsets.UTF_8)));
      } catch (IOException e) {
        if (!server.isOpen()) {
          return;
        }
      }
    }
  }

  private synchronized String answer(String method, String path, String body) {
    String question = method + " " + URLDecoder.decode(path, StandardCharsets.UTF_8);
    asked.add(question);
    String scripted = script.apply(question);
    if (scripted != null) {
      return scripted;
    }
    if (path.equals("/version")) {
      return reply(200, version);
    }
    String rest = path.substring(path.indexOf('/', 1));
    if (rest.startsWith("/containers/json")) {
      List<Map<String, Object>> list = new ArrayList<>();
      for (Container one : containers.values()) {
        int port = one.state.equals("running") ? 40_000 + Integer.parseInt(one.id) : 0;
        list.add(
            Map.of(
                "Id",
                one.id,
                "Labels",
                one.made.get("Labels"),
                "State",
                one.state,
                "Status",
                one.state + " (137) a second ago",
                "Ports",
                port == 0 ? List.of() : List.of(Map.of("PrivatePort", 80, "PublicPort", port))));
      }
      return reply(200, MAPPER.writeValueAsString(list));
    }
    if (rest.startsWith("/containers/create")) {
      String name = rest.substring(rest.indexOf('=') + 1);
      if (containers.values().stream().anyMatch(one -> one.name.equals(name))) {
        return reply(409, "{\"message\":\"the name is in use\"}");
      }
      String id = Integer.toString(next++);
      containers.put(id, new Container(id, name, MAPPER.readTree(body)));
      return reply(201, "{\"Id\":\"" + id + "\"}");
    }
    String key = rest.split("[/?]", -1)[2];
    Container one =
        containers.values().stream()
            .filter(each -> each.id.equals(key) || each.name.equals(key))
            .findFirst()
            .orElse(null);
    if (one == null) {
      return reply(404, "{\"message\":\"no such container\"}");
    }
    if (rest.endsWith("/start")) {
      if (!refusesStart.isEmpty()) {
        return reply(500, "{\"message\":\"" + refusesStart + "\"}");
      }
      one.state = "running";
      return reply(204, "");
    }
    if (rest.contains("/stop?")) {
      boolean was = one.state.equals("running");
      one.state = "exited";
      return reply(was ? 204 : 304, "");
    }
    if (method.equals("DELETE")) {
      containers.remove(one.id);
      return reply(204, "");
    }
    return reply(200, "{\"State\":{\"ExitCode\":1}}");
  }

  /** An answer, as it goes over the socket. */
  public String reply(int status, String body) {
    if (chunked && !body.isEmpty()) {
      int middle = body.length() / 2;
      return "HTTP/1.1 "
          + status
          + " x\r\nTransfer-Encoding: chunked\r\n\r\n"
          + Integer.toHexString(middle)
          + ";a=b\r\n"
          + body.substring(0, middle)
          + "\r\n"
          + Integer.toHexString(body.length() - middle)
          + "\r\n"
          + body.substring(middle)
          + "\r\n0\r\n\r\n";
    }
    return "HTTP/1.1 "
        + status
        + " x\r\n"
        + (body.isEmpty()
            ? ""
            : "Content-Length: " + body.getBytes(StandardCharsets.UTF_8).length + "\r\n")
        + "\r\n"
        + body;
  }

  @Override
  public void close() throws IOException {
    server.close();
  }
}
