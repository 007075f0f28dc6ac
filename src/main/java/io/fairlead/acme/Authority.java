package io.fairlead.acme;

import io.fairlead.config.AcmeConfig;
import io.fairlead.trust.NodeTrust;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.cert.CertificateEncodingException;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import javax.net.ssl.SSLContext;
import org.jspecify.annotations.Nullable;
import org.shredzone.acme4j.AccountBuilder;
import org.shredzone.acme4j.Authorization;
import org.shredzone.acme4j.Certificate;
import org.shredzone.acme4j.Login;
import org.shredzone.acme4j.Order;
import org.shredzone.acme4j.PollableResource;
import org.shredzone.acme4j.Problem;
import org.shredzone.acme4j.RevocationReason;
import org.shredzone.acme4j.Session;
import org.shredzone.acme4j.Status;
import org.shredzone.acme4j.challenge.Challenge;
import org.shredzone.acme4j.challenge.Dns01Challenge;
import org.shredzone.acme4j.challenge.Http01Challenge;
import org.shredzone.acme4j.challenge.TlsAlpn01Challenge;
import org.shredzone.acme4j.connector.NetworkSettings;
import org.shredzone.acme4j.exception.AcmeException;
import org.shredzone.acme4j.exception.AcmeLazyLoadingException;
import org.shredzone.acme4j.exception.AcmeNetworkException;
import org.shredzone.acme4j.exception.AcmeProtocolException;
import org.shredzone.acme4j.exception.AcmeRateLimitedException;
import org.shredzone.acme4j.exception.AcmeServerException;
import org.shredzone.acme4j.provider.GenericAcmeProvider;

/**
 * Orders certificates from whoever issues them. An order is written down before it is placed, key
 * and all, and so is its address once it is known: whoever comes after a process that died goes on
 * with that order, so that there are never two for one name.
 */
final class Authority {
  private static final Duration ANSWER = Duration.ofSeconds(20);

  /** What validation and issuing may take together; authorities ask several times. */
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private static final Duration FIRST_LOOK = Duration.ofMillis(100);
  private static final Duration LAST_LOOK = Duration.ofSeconds(5);
  private static final URI ALREADY_REVOKED =
      URI.create("urn:ietf:params:acme:error:alreadyRevoked");
  private static final String ADDRESS = "order: ";
  private static final String ORDER = ".order";
  static final String KEY = ".key";

  /** Orders of an account that are looked through for one whose address was not written down. */
  private static final int MOST_ORDERS = 100;

  private final Vault vault;
  private final Challenges challenges;

  Authority(Vault vault, Challenges challenges) {
    this.vault = vault;
    this.challenges = challenges;
  }

  /** By the trust that the operator gives, and never for longer than it takes. */
  private static final class Provider extends GenericAcmeProvider {
    private final SSLContext trust;
    private final List<HttpClient> made = new ArrayList<>();

    Provider(SSLContext trust) {
      this.trust = trust;
    }

    @Override
    public HttpClient createHttpClient(NetworkSettings settings) {
      HttpClient client =
          HttpClient.newBuilder()
              .followRedirects(HttpClient.Redirect.NORMAL)
              .connectTimeout(settings.getTimeout())
              .sslContext(trust)
              .build();
      made.add(client);
      return client;
    }

    void close() {
      made.forEach(HttpClient::shutdownNow);
    }
  }

  /**
   * An order that was written down.
   *
   * @param key for the certificate
   * @param address of the order; null: nobody knows whether there is one
   */
  private record Draft(KeyPair key, @Nullable String address) {
    static Draft read(String text) throws IOException {
      int end = text.startsWith(ADDRESS) ? text.indexOf('\n') : -1;
      return new Draft(
          KeyText.read(text), end < 0 ? null : text.substring(ADDRESS.length(), end).strip());
    }

    String text() {
      return (address == null ? "" : ADDRESS + address + "\n") + KeyText.write(key);
    }
  }

  /**
   * Orders a certificate, or goes on with an order that was begun.
   *
   * @return the certificate with its key, its issuers behind it, in PEM; not looked at yet
   */
  String order(AcmeConfig wanted) throws OrderFailed, IOException, InterruptedException {
    return ask(wanted, session -> order(wanted, login(wanted, session)));
  }

  /** Has the authority revoke a certificate; one that is revoked already is none the worse. */
  void revoke(AcmeConfig wanted, Revocation what)
      throws OrderFailed, IOException, InterruptedException {
    boolean _ =
        ask(
            wanted,
            session -> {
              try {
                RevocationReason reason = RevocationReason.valueOf(what.reason().name());
                Certificate.revoke(session, what.key(), what.certificate(), reason);
              } catch (AcmeServerException e) {
                if (!ALREADY_REVOKED.equals(e.getType())) {
                  throw e;
                }
              }
              return true;
            });
  }

  private interface Question<T> {
    T ask(Session session) throws AcmeException, OrderFailed, IOException, InterruptedException;
  }

  private static <T> T ask(AcmeConfig wanted, Question<T> question)
      throws OrderFailed, IOException, InterruptedException {
    Provider provider = new Provider(NodeTrust.context(wanted.ca()));
    try {
      Session session = new Session(URI.create(wanted.directory()), provider);
      session.networkSettings().setTimeout(ANSWER);
      return question.ask(session);
    } catch (AcmeException e) {
      throw failed(wanted, e);
    } catch (RuntimeException e) { // it says so when an answer is not as the RFC has it
      throw new OrderFailed(wanted.directory() + " is not understood: " + e.getMessage());
    } finally {
      provider.close();
    }
  }

  /** What the account's key is called. */
  static String accountName(AcmeConfig config) {
    return config.accountId() + KEY;
  }

  /** What an order that is going on is called. */
  static String orderName(AcmeConfig config) {
    return config.id() + ORDER;
  }

  private Login login(AcmeConfig wanted, Session session) throws IOException, AcmeException {
    KeyPair key =
        KeyText.read(vault.getOrMake(accountName(wanted), () -> KeyText.write(KeyText.make())));
    AccountBuilder account = new AccountBuilder().agreeToTermsOfService().useKeyPair(key);
    wanted.contact().forEach(account::addEmail);
    return account.createLogin(session); // the same account as last time, if the key is
  }

  private String order(AcmeConfig wanted, Login login)
      throws AcmeException, OrderFailed, IOException, InterruptedException {
    Instant deadline = Instant.now().plus(PATIENCE);
    String name = orderName(wanted);
    String begun = vault.get(name);
    Draft draft = begun == null ? new Draft(KeyText.make(), null) : Draft.read(begun);
    Order order =
        draft.address() != null
            ? goOn(login, draft.address())
            : begun != null ? find(login, wanted.domains()) : null;
    if (order == null) {
      draft = new Draft(KeyText.make(), null);
      vault.put(name, draft.text());
      order = login.newOrder().domains(wanted.domains()).create();
    }
    String address = order.getLocation().toString();
    if (!address.equals(draft.address())) {
      draft = new Draft(draft.key(), address);
      vault.put(name, draft.text());
    }
    if (order.getStatus() == Status.PENDING) {
      try {
        prove(wanted, order, deadline);
      } finally {
        challenges.outstanding(wanted, List.of());
      }
    }
    if (await(order, Set.of(Status.READY, Status.PROCESSING, Status.VALID), deadline, "order")
        == Status.READY) {
      vault.confirm(name);
      order.execute(request(wanted, draft.key()));
    }
    Status end = await(order, Set.of(Status.VALID), deadline, "certificate");
    if (end != Status.VALID) {
      throw refused("the authority did not issue", order.getError());
    }
    return text(draft.key(), order.getCertificate().getCertificateChain());
  }

  /** Forgets an order that has ended, well or not. */
  void forget(AcmeConfig wanted) throws IOException {
    vault.delete(orderName(wanted));
  }

  /** An order that was begun and can still end well; null: it cannot. */
  private static @Nullable Order goOn(Login login, String address) throws AcmeException {
    try {
      URL url = URI.create(address).toURL();
      Order order = login.bindOrder(url);
      Optional<Instant> _ = order.fetch();
      return order.getStatus() == Status.INVALID ? null : order;
    } catch (AcmeServerException | IllegalArgumentException | java.net.MalformedURLException e) {
      return null; // the authority has forgotten it
    }
  }

  /**
   * An order that may have been placed by a process that died before it could write down where. Not
   * all authorities tell of them; those that do not, such as Let's Encrypt, answer the next order
   * for the same names with the one that is open.
   */
  private static @Nullable Order find(Login login, List<String> domains) {
    try {
      Iterator<Order> orders = login.getAccount().getOrders();
      for (int i = 0; i < MOST_ORDERS && orders.hasNext(); i++) {
        Order order = orders.next();
        Set<String> names = new HashSet<>();
        order.getIdentifiers().forEach(one -> names.add(one.getDomain()));
        if ((order.getStatus() == Status.PENDING || order.getStatus() == Status.READY)
            && names.equals(new HashSet<>(domains))) {
          return order;
        }
      }
    } catch (AcmeProtocolException | AcmeLazyLoadingException e) {
      // It does not tell.
    }
    return null;
  }

  private void prove(AcmeConfig wanted, Order order, Instant deadline)
      throws AcmeException, OrderFailed, IOException, InterruptedException {
    List<Challenge> asked = new ArrayList<>();
    List<Authorization> open = new ArrayList<>();
    List<Challenges.Question> questions = new ArrayList<>();
    for (Authorization authorization : order.getAuthorizations()) {
      if (authorization.getStatus() != Status.PENDING) {
        continue; // shown before, or beyond repair: the order says so
      }
      String domain = authorization.getIdentifier().getDomain();
      Challenge challenge = challenge(wanted, authorization, domain);
      asked.add(challenge);
      open.add(authorization);
      questions.add(question(challenge, domain));
    }
    challenges.outstanding(wanted, questions);
    for (Challenge challenge : asked) {
      if (challenge.getStatus() == Status.PENDING) {
        challenge.trigger();
      }
    }
    for (int i = 0; i < open.size(); i++) {
      String domain = questions.get(i).domain();
      Status end = await(open.get(i), Set.of(Status.VALID), deadline, "proof for " + domain);
      if (end != Status.VALID) {
        Optional<Instant> _ = asked.get(i).fetch();
        throw refused(
            "the authority did not find " + domain + " to be ours by " + wanted.challengeWord(),
            asked.get(i).getError());
      }
    }
  }

  private static Challenge challenge(AcmeConfig wanted, Authorization of, String domain)
      throws OrderFailed {
    Optional<? extends Challenge> found =
        switch (wanted.challenge()) {
          case HTTP_01 -> of.findChallenge(Http01Challenge.class);
          case DNS_01 -> of.findChallenge(Dns01Challenge.class);
          case TLS_ALPN_01 -> of.findChallenge(TlsAlpn01Challenge.class);
        };
    if (found.isPresent()) {
      return found.get();
    }
    throw new OrderFailed(
        "the authority does not offer " + wanted.challengeWord() + " for " + domain);
  }

  private static Challenges.Question question(Challenge challenge, String domain) {
    return switch (challenge) {
      case Http01Challenge http ->
          new Challenges.Question(domain, http.getToken(), http.getAuthorization());
      case Dns01Challenge dns -> new Challenges.Question(domain, "", dns.getDigest());
      case TlsAlpn01Challenge tls -> new Challenges.Question(domain, "", tls.getAuthorization());
      default -> throw new IllegalStateException("not asked for: " + challenge.getType());
    };
  }

  private static byte[] request(AcmeConfig wanted, KeyPair key) {
    try {
      return Der.request(wanted.domains(), key);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("a key that was made cannot sign", e);
    }
  }

  /**
   * Looks until it is as wanted, or can never be. The authority says when to look again.
   *
   * @return what it is then
   */
  private static Status await(
      PollableResource what, Set<Status> wanted, Instant deadline, String name)
      throws AcmeException, OrderFailed, InterruptedException {
    Duration pause = FIRST_LOOK;
    while (true) {
      Optional<Instant> wish = what.fetch();
      Status status = what.getStatus();
      if (wanted.contains(status) || status == Status.INVALID) {
        return status;
      }
      if (status != Status.PENDING && status != Status.PROCESSING && status != Status.READY) {
        throw new OrderFailed("the " + name + " is " + status.name().toLowerCase(Locale.ROOT));
      }
      Instant now = Instant.now();
      if (now.isAfter(deadline)) {
        throw new OrderFailed("the " + name + " took more than " + PATIENCE.toMinutes() + " min");
      }
      Duration until = wish.map(then -> Duration.between(now, then)).orElse(pause);
      Duration left = Duration.between(now, deadline).plusMillis(1);
      Duration bounded = until.compareTo(left) > 0 ? left : until;
      Thread.sleep(bounded.isNegative() ? FIRST_LOOK : bounded);
      pause = pause.multipliedBy(2).compareTo(LAST_LOOK) > 0 ? LAST_LOOK : pause.multipliedBy(2);
    }
  }

  private static String text(KeyPair key, List<X509Certificate> chain) throws OrderFailed {
    StringBuilder text =
        new StringBuilder(KeyText.pem("PRIVATE KEY", key.getPrivate().getEncoded()));
    try {
      for (X509Certificate certificate : chain) {
        text.append(KeyText.pem("CERTIFICATE", certificate.getEncoded()));
      }
    } catch (CertificateEncodingException e) {
      throw new OrderFailed("the authority sent a certificate that is damaged");
    }
    return text.toString();
  }

  private static OrderFailed refused(String what, Optional<Problem> why) {
    return new OrderFailed(what + why.map(problem -> ": " + said(problem)).orElse(""));
  }

  private static String said(Problem problem) {
    return problem.getDetail().or(problem::getTitle).orElse(problem.getType().toString());
  }

  private static OrderFailed failed(AcmeConfig wanted, AcmeException e) {
    return switch (e) {
      case AcmeRateLimitedException limited ->
          new OrderFailed(
              "the authority takes no more for now: " + said(limited.getProblem()),
              limited.getRetryAfter());
      case AcmeServerException server ->
          new OrderFailed("the authority says: " + said(server.getProblem()));
      case AcmeNetworkException network ->
          new OrderFailed(wanted.directory() + " cannot be asked: " + cause(network));
      default -> new OrderFailed(wanted.directory() + ": " + cause(e));
    };
  }

  private static String cause(Throwable e) {
    Throwable last = e;
    while (last.getCause() != null) {
      last = last.getCause();
    }
    String message = last.getMessage();
    return message == null || message.isBlank() ? last.getClass().getSimpleName() : message;
  }
}
