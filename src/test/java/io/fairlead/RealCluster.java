package io.fairlead;

import static org.assertj.core.api.Assertions.assertThat;

import io.fairlead.trust.JsonHttp;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A Kubernetes of etcd, the real API server (with TLS, tokens and RBAC) and the real controllers of
 * Deployments and EndpointSlices, on loopback; its one machine is a {@link FakeKubelet}. The
 * programs are those of {@code bin/kubernetes}, in the folder that the property {@code
 * fairlead.kubernetes} names.
 */
public final class RealCluster implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final String ADMIN = "admin-of-the-test";
  private static final String GATES = "--feature-gates=EndpointSliceTerminatingCondition=true";

  private final Path folder;
  private final String programs = System.getProperty("fairlead.kubernetes", "");
  private final int port = FreePort.any();
  private final String etcd = "http://127.0.0.1:" + FreePort.any();
  private final Path ca;
  private final JsonHttp http;
  private final List<Process> processes = new ArrayList<>();
  private final FakeKubelet kubelet;
  private @Nullable Process server;
  private int namespaces;

  public RealCluster(Path folder) throws Exception {
    this.folder = folder;
    TestCertificates certificates = new TestCertificates(folder);
    ca = certificates.ca();
    certificates.make("server", "127.0.0.1");
    certificates.make("accounts", "accounts");
    http = new JsonHttp(url(), List.of(ca));
    Files.writeString(folder.resolve("tokens.csv"), ADMIN + ",admin,1,system:masters\n");
    Files.writeString(
        folder.resolve("kubeconfig"),
        "{apiVersion: v1, kind: Config, current-context: x, clusters: [{name: x, cluster: {server:"
            + " \""
            + url()
            + "\", certificate-authority: \""
            + ca
            + "\"}}], contexts: [{name: x, context: {cluster: x, user: x}}], users: [{name: x, user:"
            + " {token: "
            + ADMIN
            + "}}]}");
    try {
      begin();
      kubelet = new FakeKubelet(this);
    } catch (Exception | AssertionError e) {
      end();
      throw e;
    }
  }

  private void begin() throws Exception {
    String peers = "http://127.0.0.1:" + FreePort.any();
    Process _ =
        run(
            "etcd",
            "etcd",
            "--data-dir=" + folder.resolve("etcd"),
            "--listen-client-urls=" + etcd,
            "--advertise-client-urls=" + etcd,
            "--listen-peer-urls=" + peers,
            "--initial-advertise-peer-urls=" + peers,
            "--initial-cluster=default=" + peers);
    server = serve();
    Process _ =
        run(
            "controllers",
            programs + "/kube-controller-manager",
            "--kubeconfig=" + folder.resolve("kubeconfig"),
            "--controllers=deployment,replicaset,endpoint,endpointslice",
            "--leader-elect=false",
            "--port=0",
            "--secure-port=0",
            GATES);
  }

  private Process run(String name, String... command) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .redirectOutput(
                ProcessBuilder.Redirect.appendTo(new File(folder.toFile(), name + ".log")));
    builder.environment().put("HOME", folder.toString());
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  private Process serve() throws Exception {
    Process begun =
        run(
            "server",
            programs + "/kube-apiserver",
            "--etcd-servers=" + etcd,
            "--bind-address=127.0.0.1",
            "--advertise-address=127.0.0.1",
            "--endpoint-reconciler-type=none",
            "--secure-port=" + port,
            "--insecure-port=0",
            "--cert-dir=" + folder,
            "--tls-cert-file=" + folder.resolve("server.pem"),
            "--tls-private-key-file=" + folder.resolve("server.key"),
            "--token-auth-file=" + folder.resolve("tokens.csv"),
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            "--service-account-issuer=https://accounts.test",
            "--service-account-signing-key-file=" + folder.resolve("accounts.key"),
            "--service-account-key-file=" + folder.resolve("accounts.pem"),
            "--service-cluster-ip-range=10.96.0.0/24",
            GATES);
    Loopback.await(
        "the API server",
        () -> {
          if (!begun.isAlive()) {
            throw new AssertionError("the API server has ended: " + lastWords());
          }
          try {
            return http.get("/readyz", fields(), PATIENCE).status() == 200;
          } catch (IOException e) {
            return false;
          }
        });
    return begun;
  }

  private String lastWords() {
    try {
      List<String> lines = Files.readAllLines(folder.resolve("server.log"));
      return String.join("\n", lines.subList(Math.max(0, lines.size() - 10), lines.size()));
    } catch (IOException e) {
      return e.toString();
    }
  }

  public static void await(String what, BooleanSupplier condition) throws InterruptedException {
    Loopback.await(what, condition);
  }

  public String url() {
    return "https://127.0.0.1:" + port;
  }

  public Path ca() {
    return ca;
  }

  public FakeKubelet kubelet() {
    return kubelet;
  }

  private static Map<String, String> fields() {
    Map<String, String> fields = new LinkedHashMap<>();
    fields.put("authorization", "Bearer " + ADMIN);
    return fields;
  }

  /** Asks as one who may do anything. */
  public JsonNode ask(String method, String path, @Nullable Object body) throws IOException {
    Map<String, String> fields = fields();
    if (body != null) {
      fields.put(
          "content-type",
          method.equals("PATCH") ? "application/merge-patch+json" : "application/json");
    }
    JsonHttp.Answer answer = http.call(method, path, fields, body, PATIENCE);
    String said = new String(answer.response().body(), java.nio.charset.StandardCharsets.UTF_8);
    if (answer.status() / 100 != 2) {
      throw new IOException(method + " " + path + ": " + said);
    }
    return JsonHttp.parse(answer.response().body());
  }

  /** Asks as somebody. */
  public JsonHttp.Answer pass(
      String method, String path, Map<String, String> fields, @Nullable Object body)
      throws IOException {
    return http.call(method, path, fields, body, PATIENCE);
  }

  /** The first line of a watch. */
  public String firstEvent(String path) throws IOException {
    try (java.io.BufferedReader lines =
        new java.io.BufferedReader(
            new java.io.InputStreamReader(
                http.open(path, fields(), PATIENCE), java.nio.charset.StandardCharsets.UTF_8))) {
      return String.valueOf(lines.readLine());
    }
  }

  /** A rule of RBAC. */
  public record Rule(List<String> apiGroups, List<String> resources, List<String> verbs) {
    /** The same with one right less. */
    public Rule without(String verb) {
      return new Rule(
          apiGroups, resources, verbs.stream().filter(one -> !one.equals(verb)).toList());
    }
  }

  /** Those that a page of the documentation gives to users. */
  public static List<Rule> rules(String page) throws IOException {
    Matcher block =
        Pattern.compile("```yaml\n(rules:\n.*?)```", Pattern.DOTALL)
            .matcher(Files.readString(Path.of("docs", page)));
    assertThat(block.find()).as("rules in %s", page).isTrue();
    Object read = new Load(LoadSettings.builder().build()).loadFromString(block.group(1));
    JsonMapper mapper = new JsonMapper();
    JsonNode rules = mapper.valueToTree(read).path("rules");
    return List.of(mapper.treeToValue(rules, Rule[].class));
  }

  /** A namespace of its own, with an account that has these rights there. */
  public String namespace(List<Rule> rules) throws IOException {
    String name = "prod-" + ++namespaces;
    JsonNode _ = ask("POST", "/api/v1/namespaces", Map.of("metadata", Map.of("name", name)));
    JsonNode _ = ask("POST", core(name) + "/serviceaccounts", named("fairlead", Map.of()));
    String rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/" + name;
    JsonNode _ = ask("POST", rbac + "/roles", named("fairlead", Map.of("rules", rules)));
    JsonNode _ =
        ask(
            "POST",
            rbac + "/rolebindings",
            named(
                "fairlead",
                Map.of(
                    "subjects",
                    List.of(
                        Map.of("kind", "ServiceAccount", "name", "fairlead", "namespace", name)),
                    "roleRef",
                    Map.of(
                        "apiGroup",
                        "rbac.authorization.k8s.io",
                        "kind",
                        "Role",
                        "name",
                        "fairlead"))));
    return name;
  }

  /** Changes what the account may do. */
  public void allow(String namespace, List<Rule> rules) throws IOException {
    JsonNode _ =
        ask(
            "PUT",
            "/apis/rbac.authorization.k8s.io/v1/namespaces/" + namespace + "/roles/fairlead",
            named("fairlead", Map.of("rules", rules)));
  }

  /** A token of the account, which holds as long as a secret of that name is there. */
  public String token(String namespace, String secret) throws IOException {
    JsonNode made = ask("POST", core(namespace) + "/secrets", named(secret, Map.of()));
    return ask(
            "POST",
            core(namespace) + "/serviceaccounts/fairlead/token",
            Map.of(
                "spec",
                Map.of(
                    "expirationSeconds",
                    3600,
                    "boundObjectRef",
                    Map.of(
                        "kind",
                        "Secret",
                        "apiVersion",
                        "v1",
                        "name",
                        secret,
                        "uid",
                        made.at("/metadata/uid").stringValue()))))
        .at("/status/token")
        .stringValue();
  }

  /** It holds no more, as if its time had come. */
  public void revoke(String namespace, String secret) throws IOException {
    JsonNode _ = ask("DELETE", core(namespace) + "/secrets/" + secret, null);
  }

  /** The Deployment {@code shop}, whose pods serve on port 8080. */
  public void deploy(String namespace, int replicas) throws IOException {
    Map<String, String> labels = Map.of("app", "shop");
    JsonNode _ =
        ask(
            "POST",
            "/apis/apps/v1/namespaces/" + namespace + "/deployments",
            named(
                "shop",
                Map.of(
                    "spec",
                    Map.of(
                        "replicas",
                        replicas,
                        "selector",
                        Map.of("matchLabels", labels),
                        "template",
                        Map.of(
                            "metadata",
                            Map.of("labels", labels),
                            "spec",
                            Map.of(
                                "containers",
                                List.of(Map.of("name", "shop", "image", "shop"))))))));
  }

  public void resize(String namespace, int replicas) throws IOException {
    JsonNode _ = ask("PATCH", deployment(namespace), Map.of("spec", Map.of("replicas", replicas)));
  }

  /** Replicas as the scale subresource has them. */
  public int size(String namespace) throws IOException {
    return ask("GET", deployment(namespace) + "/scale", null).at("/spec/replicas").asInt(0);
  }

  public static String deployment(String namespace) {
    return "/apis/apps/v1/namespaces/" + namespace + "/deployments/shop";
  }

  public static String core(String namespace) {
    return "/api/v1/namespaces/" + namespace;
  }

  public static Map<String, Object> named(String name, Map<String, ?> more) {
    Map<String, Object> object = new LinkedHashMap<>(more);
    object.put("metadata", Map.of("name", name));
    return object;
  }

  private Process server() {
    return Objects.requireNonNull(server);
  }

  /** The API server is killed. */
  public void kill() throws InterruptedException {
    server().destroyForcibly().waitFor();
  }

  /** And there again. */
  public void startAgain() throws Exception {
    server = serve();
  }

  /** It says nothing more, and its connections stay. */
  public void freeze() throws Exception {
    signal("STOP");
  }

  public void thaw() throws Exception {
    signal("CONT");
  }

  private void signal(String name) throws Exception {
    assertThat(
            new ProcessBuilder("kill", "-" + name, Long.toString(server().pid())).start().waitFor())
        .isZero();
  }

  /** What etcd had before now is forgotten. */
  public void compact() throws Exception {
    JsonNode now = store("range", "{\"key\":\"AA==\"}");
    String revision = now.at("/header/revision").asString("");
    JsonNode _ = store("compaction", "{\"revision\":\"" + revision + "\",\"physical\":true}");
  }

  private JsonNode store(String what, String question) throws Exception {
    try (HttpClient client = HttpClient.newHttpClient()) {
      return JsonHttp.parse(
          client
              .send(
                  HttpRequest.newBuilder(URI.create(etcd + "/v3/kv/" + what))
                      .POST(BodyPublishers.ofString(question))
                      .build(),
                  BodyHandlers.ofByteArray())
              .body());
    }
  }

  @Override
  public void close() {
    kubelet.close();
    end();
  }

  private void end() {
    http.close();
    for (Process process : processes.reversed()) {
      process.destroyForcibly().onExit().orTimeout(10, TimeUnit.SECONDS).join();
    }
  }
}
