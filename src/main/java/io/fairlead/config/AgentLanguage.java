package io.fairlead.config;

import io.fairlead.config.ScaleConfig.OnExit;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.nodes.Node;

/** Everything that can be said in the file of an agent. {@link #FILE} is the whole file. */
final class AgentLanguage {
  private static final Scalar<String> TEXT = Scalar.text("text", null, _ -> null);

  // door

  private static final Key<Path> CERT =
      Key.required(
          "cert",
          Scalar.path("path"),
          "What the door shows: a certificate for the host in the front ends' URLs and behind it its"
              + " issuers, in PEM.",
          "h1.pem");
  private static final Key<Path> KEY =
      Key.required("key", Scalar.path("path"), "Its private key in PEM.", "h1.key");
  private static final Key<List<Path>> CA =
      Key.of(
          "ca",
          new ListOf<>("paths", Scalar.path("path")),
          List.of(),
          "none is asked for",
          "Authorities in PEM: whoever has a certificate of one is let in, whatever the name in it.",
          "front-ends-ca.pem");
  private static final Obj<AgentConfig.Tls> TLS =
      new Obj<>(
          "agent-tls",
          "TLS at the agent's door. Files are read at its start.",
          List.of(CERT, KEY, CA),
          List.of(),
          null,
          (values, _) -> {
            AgentConfig.Tls tls =
                new AgentConfig.Tls(values.get(CERT), values.get(KEY), values.get(CA));
            TlsFiles.Identity _ = TlsFiles.read(tls.cert(), tls.key(), Optional.empty());
            TlsLanguage.readAuthorities("ca", tls.ca());
            return tls;
          });

  // services

  private static final Key<List<String>> COMMAND =
      Key.required(
          "command",
          new ListOf<>("texts", TEXT),
          "The program and its arguments, no shell reads them; `{port}`, `{name}` and `{version}`"
              + " stand for the port that the node is to serve on, its name and its version.",
          "[\"/opt/shop/run\", \"--port\", \"{port}\"]");
  private static final Key<Path> DIRECTORY =
      Key.computed(
          "directory", Scalar.path("path"), "that of this file", "Where it runs.", "/opt/shop");
  private static final Key<Map<String, Secret>> ENVIRONMENT =
      Key.of(
          "environment",
          new MapOf<>("variables", MapOf.Names.VARIABLE, Scalar.secret("text")),
          Map.of(),
          "none",
          "Variables beside those of the agent. `file:PATH` reads a file.",
          "{ JAVA_OPTS: \"-Xmx256m\" }");
  private static final Key<AgentConfig.Ports> PORTS =
      Key.computed(
          "ports",
          Scalar.parsed("ports", AgentConfig.Ports::parse),
          "any free ones",
          "Ports that nodes are given, such as a firewall lets through.",
          "20000-20999");
  private static final Key<Integer> MOST =
      Key.required(
          "most",
          Scalar.count(AgentConfig.MOST),
          "Nodes of it that run here at most, of all front ends together.",
          "8");
  private static final Key<Long> MEMORY =
      Key.computed(
          "memory",
          Scalar.size(AgentConfig.MEMORIES),
          "any amount",
          "What a node may use, by cgroups of version 2.",
          "512MiB");
  private static final Key<Double> CPUS =
      Key.computed(
          "cpus",
          Scalar.parsed("number", AgentLanguage::cpus),
          "any number",
          "Processors that a node may use, by cgroups of version 2.",
          "1.5");
  private static final Obj<AgentConfig.Program> PROGRAM =
      new Obj<>(
          "agent-service",
          "What the agent may run, as often as front ends ask for it up to `most`.",
          List.of(COMMAND, DIRECTORY, ENVIRONMENT, PORTS, MOST, MEMORY, CPUS),
          List.of(),
          null,
          (values, _) ->
              new AgentConfig.Program(
                  new ScaleDriver.Program(
                      values.get(COMMAND),
                      values.get(ENVIRONMENT),
                      orElse(values.find(DIRECTORY), values.folder())),
                  Optional.ofNullable(values.find(PORTS)),
                  values.get(MOST),
                  orElse(values.find(MEMORY), 0L),
                  orElse(values.find(CPUS), 0.0)));

  // file

  private static final Key<String> NAME =
      Key.required(
          "name",
          Scalar.text("name", Syntax.NAME_PATTERN, Syntax::name),
          "What the machine is called.",
          "h1");
  private static final Key<String> ADDRESS =
      Key.computed(
          "address",
          Scalar.text("host", null, Syntax::host),
          "the host of bind",
          "At which front ends reach the nodes here.",
          "10.0.0.21");
  private static final Key<HostPort> BIND =
      Key.of(
          "bind",
          Language.LISTEN_ADDRESS,
          AgentConfig.DEFAULT_BIND,
          "Where its door is.",
          "\"10.0.0.21:9901\"");
  private static final Key<Path> DATA =
      Key.required(
          "data",
          Scalar.path("path"),
          "Its folder: what nodes write, and what it has to remember of them. Another folder is"
              + " another agent.",
          "/var/lib/fairlead-agent");
  private static final Key<Secret> TOKEN =
      Key.computed(
          "token",
          Scalar.secret("secret"),
          "none",
          "What front ends have to know, at least 16 characters, or `file:PATH`. Needed unless `tls`"
              + " has `ca`.",
          "\"file:secrets/agent\"");
  private static final Key<AgentConfig.Tls> AGENT_TLS =
      Key.computed(
          "tls",
          TLS,
          "in the clear",
          "TLS at the door.",
          "{ cert: h1.pem, key: h1.key, ca: front-ends-ca.pem }");
  private static final Key<OnExit> ON_EXIT =
      Key.of(
          "on-exit",
          Scalar.word(OnExit.class),
          OnExit.LEAVE,
          "What becomes of nodes when the agent is told to end: `leave`: they go on, and it finds them"
              + " when it starts again; `stop`: they are told to end.",
          "stop");
  private static final Key<Map<String, AgentConfig.Program>> SERVICES =
      Key.required(
          "services",
          new MapOf<>("services", MapOf.Names.OBJECT, PROGRAM),
          "What it may run, by the names of the front ends' services. Nothing else is run.",
          "{ shop: { command: [\"/opt/shop/run\", \"{port}\"], most: 8 } }");

  static final Obj<AgentConfig> FILE =
      new Obj<>(
          "agent",
          "The program beside nodes that starts and stops them for front ends. Changes take effect at"
              + " its next start, which nodes do not notice.",
          List.of(NAME, ADDRESS, BIND, DATA, TOKEN, AGENT_TLS, ON_EXIT, SERVICES),
          List.of(),
          null,
          (values, _) ->
              new AgentConfig(
                  values.get(NAME),
                  orElse(values.find(ADDRESS), values.get(BIND).host()),
                  values.get(BIND),
                  values.get(DATA),
                  Optional.ofNullable(values.find(TOKEN)),
                  Optional.ofNullable(values.find(AGENT_TLS)),
                  values.get(ON_EXIT),
                  values.get(SERVICES)));

  private AgentLanguage() {}

  static @Nullable AgentConfig read(TreeReader reader, Node root) {
    return FILE.read(reader, Spot.root(root));
  }

  private static double cpus(String text) {
    if (!text.matches("[0-9]{1,4}(\\.[0-9]{1,2})?") || Double.parseDouble(text) < 0.01) {
      throw Require.refusal("must be a number of processors from 0.01, such as 1.5");
    }
    return Double.parseDouble(text);
  }

  private static <T> T orElse(@Nullable T value, T otherwise) {
    return value == null ? otherwise : value;
  }
}
