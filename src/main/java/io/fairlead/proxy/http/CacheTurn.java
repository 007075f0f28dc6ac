package io.fairlead.proxy.http;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import io.fairlead.telemetry.RouteCounter;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Arrays;
import java.util.concurrent.RejectedExecutionException;
import org.jspecify.annotations.Nullable;

/**
 * What the cache of a route has to do with one exchange (RFC 9111; RFC 9211 for what it says of
 * that): gives an answer that is kept; or lets the request go to a node, by itself or instead of
 * others that wait for its answer, with the question whether what is kept is still good; and keeps
 * what the node answers. Belongs to an exchange and is used again with it. Event loop only.
 *
 * <p>Nothing is repeated or waited for without a bound, and whoever waits goes on alone when what
 * it waits for takes too long, fails, or is not for all.
 */
final class CacheTurn {
  private static final byte[] GET = Ascii.bytes("GET");
  private static final byte[] HEAD = Ascii.bytes("HEAD");
  private static final byte[] OPTIONS = Ascii.bytes("OPTIONS");
  private static final byte[] TRACE = Ascii.bytes("TRACE");
  private static final byte[] RANGE = Ascii.bytes("range");
  private static final byte[] IF_RANGE = Ascii.bytes("if-range");
  private static final byte[] IF_MATCH = Ascii.bytes("if-match");
  private static final byte[] IF_UNMODIFIED_SINCE = Ascii.bytes("if-unmodified-since");
  private static final byte[] LOCATION = Ascii.bytes("location");
  private static final byte[] CONTENT_LOCATION = Ascii.bytes("content-location");
  private static final byte[] CACHE_STATUS = Ascii.bytes("cache-status");
  private static final byte[] STATUS_HIT = Ascii.bytes("fairlead; hit; ttl=");
  private static final byte[] STATUS_FORWARDED = Ascii.bytes("fairlead; fwd=");
  private static final byte[] STATUS_STORED = Ascii.bytes("; stored");
  private static final byte[] STATUS_COLLAPSED = Ascii.bytes("; collapsed");
  private static final byte[] STATUS_NOT_MODIFIED = Ascii.bytes("; fwd-status=304");
  private static final byte[] STATUS_INSTEAD = Ascii.bytes("; detail=stale-if-error");

  /** Waits for others, one after the other: the first may find that there are variants. */
  private static final int MAX_WAITS = 2;

  /** Of a body that is given, so that a slow client has no more than that in buffers. */
  private static final int PIECE = 64 * 1024;

  private static final int FIRST_GATHERED = 16 * 1024;
  private static final byte[] NOTHING = {};

  /** Why a request goes to a node, as RFC 9211 calls it. */
  private enum Forward {
    BYPASS,
    METHOD,
    URI_MISS,
    VARY_MISS,
    REQUEST,
    STALE;

    final String word = name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
  }

  private final Exchange exchange;
  private final HttpLoop loop;
  private final CacheDirectives asked = new CacheDirectives();
  private final CacheDirectives said = new CacheDirectives();
  private @Nullable RouteCache cache;

  private final CacheKey key = new CacheKey();
  private int generation;
  private Forward forward = Forward.BYPASS;
  private boolean keeps;
  private boolean isUnsafe;
  private long left;
  private int waits;
  private @Nullable Wait waiting;
  private @Nullable CacheClaim claim;

  /** Is kept under the key, and may not be given without asking. */
  private CacheEntry.@Nullable Answer stale;

  /** Where our own conditions begin among the fields of the request; -1: there are none. */
  private int conditions;

  /** The node has said that what is kept is still good. */
  private boolean confirmed;

  /** What has not been sent of a body that is given; null: nothing. */
  private @Nullable ByteBuf rest;

  private boolean sends;

  // The answer that is coming in.
  private @Nullable Head gatheredHead;
  private @Nullable CacheLife life;
  private boolean guessed;
  private byte[][] varies = RouteCache.NO_NAMES;
  private byte[] gathered = NOTHING;
  private int count;
  private int expected;
  private long reserved;

  CacheTurn(Exchange exchange, HttpLoop loop) {
    this.exchange = exchange;
    this.loop = loop;
  }

  /** One that waits for what another asks for, on whatever loop. */
  private final class Wait extends CacheClaim.Waiter {
    @Override
    void wake() {
      try {
        loop.loop().eventLoop().execute(this::over);
      } catch (RejectedExecutionException e) {
        // The process ends, and this exchange with it.
      }
    }

    @SuppressWarnings("ReferenceEquality") // that very wait
    private void over() {
      if (waiting == this) {
        loop.touch();
        waiting = null;
        exchange.lookAgain();
      }
    }
  }

  // --- before a node is asked --------------------------------------------------------------

  /** The request is as the client sent it. */
  void begin(RouteCache of) {
    cache = of;
    keeps = false;
    isUnsafe = false;
    waits = 0;
    waiting = null;
    claim = null;
    stale = null;
    conditions = -1;
    confirmed = false;
    key.begin(of.store(), of.scope(), FieldEdits.isSecure(exchange), exchange.request);
  }

  /** It is over, however it ended. */
  void end() {
    waiting = null;
    stale = null;
    rest = null;
    sends = false;
    letGo();
    endClaim();
    cache = null;
    key.letGo();
  }

  private RouteCache cache() {
    RouteCache present = cache;
    if (present == null) {
      throw new IllegalStateException("not of a route with a cache");
    }
    return present;
  }

  private CacheStore store() {
    return cache().store();
  }

  /** Why such a request has nothing to do with what is kept; null: it has. */
  static @Nullable String whyNot(Head request) {
    if (!request.methodIs(GET) && !request.methodIs(HEAD)) {
      return isSafe(request) ? "its method" : "its method, but for making what is kept out of date";
    }
    if (request.body != 0 || request.upgrade) {
      return "it has a body, or asks for another protocol";
    }
    return request.findField(RANGE, 0) >= 0
            || request.findField(IF_RANGE, 0) >= 0
            || request.findField(IF_MATCH, 0) >= 0
            || request.findField(IF_UNMODIFIED_SINCE, 0) >= 0
        ? "it asks for a part, or on a condition that only nodes know of"
        : null;
  }

  private static boolean isSafe(Head request) {
    return request.methodIs(GET)
        || request.methodIs(HEAD)
        || request.methodIs(OPTIONS)
        || request.methodIs(TRACE);
  }

  /**
   * The request is as nodes would get it.
   *
   * @return whether it goes to one; if not, it has been answered, or waits
   */
  boolean goesOn() {
    Head request = exchange.request;
    if (whyNot(request) != null) {
      isUnsafe = !isSafe(request);
      forward = request.methodIs(GET) || request.methodIs(HEAD) ? Forward.BYPASS : Forward.METHOD;
      return goes();
    }
    asked.readRequest(request);
    if (asked.noStore) {
      forward = Forward.REQUEST;
      return goes();
    }
    return look();
  }

  private boolean goes() {
    left = loop.now();
    generation = store().generation(key.uri());
    return true;
  }

  /** Looks at what is kept; the answer is as that of {@link #goesOn}. */
  boolean look() {
    CacheStore store = store();
    long now = loop.now();
    stale = null;
    forward = Forward.URI_MISS;
    key.shorten(store);
    CacheEntry found = find(store);
    if (given(found, now)) {
      return false;
    }
    Head request = exchange.request;
    if (asked.onlyIfCached) {
      exchange.notCached();
      return false;
    }
    if (isForSomebody(found)) {
      forward = Forward.BYPASS;
      return goes();
    }
    if (request.methodIs(HEAD)) {
      return goes();
    }
    keeps = true;
    if (found instanceof CacheEntry.Pass pass && pass.holds(now)) {
      return goes();
    }
    CacheEntry.Answer old = stale;
    boolean together =
        forward != Forward.REQUEST
            && !asked.noCache
            && asked.maxAge != 0
            && (!CacheConditions.areIn(request)
                || (old != null && old.hasValidator())) // else the answer may be 304
            && !cache().config().hold().isZero();
    if (together && !isFirst(store, now)) {
      return false;
    }
    old = stale; // it may have looked again
    if (old != null && old.hasValidator()) {
      addConditions(old);
    }
    return goes();
  }

  /** Under the key, and the longer one if there are variants. */
  private @Nullable CacheEntry find(CacheStore store) {
    CacheEntry found = store.find(key.bytes(), key.length(), key.hash());
    if (found instanceof CacheEntry.Varies several) {
      key.lengthen(store, several.names, exchange.request, ofClient());
      forward = Forward.VARY_MISS;
      found = store.find(key.bytes(), key.length(), key.hash());
    }
    return found;
  }

  /** Whether it is an answer that is good for the request, and has been given. */
  private boolean given(@Nullable CacheEntry found, long now) {
    if (!(found instanceof CacheEntry.Answer answer)
        || answer.generation != store().generation(answer.uri)
        || isForSomebody(found)) {
      return false;
    }
    if (answer.life.serves(asked, now)) {
      boolean together = waits > 0;
      count(together ? RouteCounter.CACHE_COLLAPSED : RouteCounter.CACHE_HITS);
      give(answer, together ? STATUS_COLLAPSED : null);
      return true;
    }
    forward = answer.life.isFresh(now) && !answer.life.noCache() ? Forward.REQUEST : Forward.STALE;
    stale = answer;
    return false;
  }

  /** It was kept without a word about it, and the request has a session. */
  private boolean isForSomebody(@Nullable CacheEntry found) {
    return found instanceof CacheEntry.Answer answer
        && answer.guessed
        && exchange.request.has(FieldName.COOKIE);
  }

  /** Whether it goes to a node; else somebody else has asked already, and it waits, or got that. */
  private boolean isFirst(CacheStore store, long now) {
    if (waits >= MAX_WAITS) {
      return true;
    }
    long nanos = cache().config().hold().toNanos();
    CacheClaim going = store.claim(key.bytes(), key.length(), key.hash(), this, now, nanos);
    if (going == null) {
      return true;
    }
    if (going.isOf(this)) {
      claim = going;
      // It may have been kept between the look and the claim.
      if (given(find(store), now)) {
        return false;
      }
      return true;
    }
    if (waits > 0 && key.isShort()) {
      return true; // the other one's answer was not for this one; no further wait
    }
    Wait mine = new Wait();
    waiting = mine;
    if (!going.add(mine)) {
      waiting = null;
      waits++;
      return !given(find(store), now);
    }
    waits++;
    exchange.waitForOther(going.left(now));
    return false;
  }

  boolean isWaiting() {
    return waiting != null;
  }

  /** It has waited long enough, and asks a node itself. */
  void waitNoLonger() {
    waiting = null;
    goes();
  }

  /** Does not wait any more, and will get another answer. */
  void stopWaiting() {
    waiting = null;
  }

  /** How many fields of the request are not our own conditions, or behind them. */
  private int ofClient() {
    return conditions < 0 ? exchange.request.fieldCount : conditions;
  }

  /** Asks the node whether what is kept is still good, instead of what the client asks (4.3.1). */
  private void addConditions(CacheEntry.Answer old) {
    CacheConditions.drop(exchange.request);
    conditions = exchange.request.fieldCount;
    if (old.etag >= 0) {
      addCondition(CacheConditions.IF_NONE_MATCH, old.head, old.etag);
    }
    if (old.lastModified >= 0) {
      addCondition(CacheConditions.IF_MODIFIED_SINCE, old.head, old.lastModified);
    }
  }

  private void addCondition(byte[] name, Head from, int field) {
    Head request = exchange.request;
    request.openField(name);
    int start = from.valueStart(field);
    request.put(from.bytes, start, from.valueEnd(field) - start);
    request.closeField(FieldName.OTHER);
  }

  // --- what is kept is given ---------------------------------------------------------------

  private void give(CacheEntry.Answer answer, byte @Nullable [] forwarded) {
    endClaim();
    Head response = exchange.beginStored(answer.head);
    if (CacheConditions.areMet(exchange.request, ofClient(), conditions >= 0, answer)) {
      CacheHead.notModified(response);
    }
    long now = loop.now();
    CacheHead.addAge(response, answer.life.age(now));
    response.openField(CACHE_STATUS);
    if (forwarded == null) {
      response.put(STATUS_HIT);
      CacheHead.putNumber(response, answer.life.left(now));
    } else {
      response.put(STATUS_FORWARDED);
      response.put(Ascii.bytes(forward.word));
      response.put(forwarded);
    }
    response.closeField(FieldName.OTHER);
    boolean withBody = exchange.sendStoredHead();
    rest = Unpooled.wrappedBuffer(answer.body, 0, withBody ? answer.body.length : 0);
    sendRest();
  }

  /** Sends as much of the body as the client takes without much waiting. */
  void sendRest() {
    ByteBuf body = rest;
    if (body == null || sends) {
      return; // the client has taken something while we wrote; the loop below sees that
    }
    ClientSide to = exchange.client();
    sends = true;
    while (body.isReadable()) {
      exchange.responseData(body, Math.min(body.readableBytes(), PIECE));
      if (body.isReadable()) {
        to.flush();
        if (!to.isCurrent(exchange)) { // it has gone
          return;
        }
        if (!to.isWritable()) {
          sends = false;
          to.waitForTaker();
          return;
        }
      }
    }
    sends = false;
    rest = null;
    exchange.responseEnd(Head.NONE);
  }

  // --- a node has answered -----------------------------------------------------------------

  /** Whether the node says that what is kept is still good; its answer is then not the client's. */
  boolean isConfirmedBy(Head response) {
    confirmed = conditions >= 0 && response.status == 304;
    return confirmed;
  }

  boolean isConfirmed() {
    return confirmed;
  }

  /** The node's 304 has ended: what is kept lives on, and is given. */
  void confirm(Head notModified) {
    CacheEntry.Answer old = stale;
    if (old == null) {
      throw new IllegalStateException("nothing was asked about");
    }
    confirmed = false;
    CacheStore store = store();
    long wall = store.wallSeconds();
    Head made = CacheHead.end(CacheHead.refreshed(old.head, notModified, wall), old.body.length);
    CacheEntry.Answer fresh = made == null ? null : kept(made, old, wall);
    if (fresh != null && store.reserve(fresh.weight)) {
      fresh.visited = true;
      store.put(fresh);
    }
    count(RouteCounter.CACHE_REVALIDATED);
    give(fresh == null ? old : fresh, STATUS_NOT_MODIFIED);
  }

  /** With the head that has been brought up to date; null: it may not be kept any more. */
  private CacheEntry.@Nullable Answer kept(Head made, CacheEntry.Answer old, long wall) {
    said.read(made);
    long date = CacheHead.date(made, wall);
    long lifetime = cache().lifetime(exchange.request, made, said, date, isCertified());
    if (lifetime < 0 || !isSameTag(made, old)) {
      pass();
      return null;
    }
    return new CacheEntry.Answer(
        key.copy(),
        key.hash(),
        made,
        old.body,
        CacheLife.of(made, said, lifetime, date, left, loop.now(), wall),
        key.uri(),
        generation,
        old.guessed);
  }

  /** 4.3.4: a 304 that speaks of another representation says nothing of this one. */
  private static boolean isSameTag(Head made, CacheEntry.Answer old) {
    int now = RouteCache.etag(made);
    return old.etag < 0 || (now >= 0 && CacheConditions.haveSameTag(made, now, old.head, old.etag));
  }

  private boolean isCertified() {
    return exchange.client().who().certificate().length > 0;
  }

  /** Whether what is kept is better than an error with that status. */
  boolean isBetterThan(int status) {
    CacheEntry.Answer old = stale;
    return old != null
        && (status == 500 || status == 502 || status == 503 || status == 504)
        && old.life.servesInsteadOfError(loop.now());
  }

  /** Gives what is kept instead of an error. */
  void giveInstead() {
    CacheEntry.Answer old = stale;
    if (old == null) {
      throw new IllegalStateException("nothing is kept");
    }
    stale = null;
    count(RouteCounter.CACHE_STALE);
    give(old, STATUS_INSTEAD);
  }

  /** The head of a node's answer is there, as it came, and will go to the client. */
  void answered(Head response) {
    if (isUnsafe && response.status < 400) {
      store().invalidate(key.uri());
      invalidateAt(response, LOCATION);
      invalidateAt(response, CONTENT_LOCATION);
    }
    boolean passes = forward == Forward.BYPASS || forward == Forward.METHOD || asked.noStore;
    count(passes && !keeps ? RouteCounter.CACHE_PASSED : RouteCounter.CACHE_MISSES);
    boolean stored = keeps && begins(response);
    if (keeps && !stored) {
      if (response.status < 500 && response.status != 304) {
        pass();
      }
      endClaim();
    }
    response.openField(CACHE_STATUS);
    response.put(STATUS_FORWARDED);
    response.put(Ascii.bytes(forward.word));
    if (stored) {
      response.put(STATUS_STORED);
    }
    response.closeField(FieldName.OTHER);
  }

  /** What that field leads to is out of date, too, if it is of the same origin (4.4). */
  private void invalidateAt(Head response, byte[] name) {
    int field = response.findField(name, 0);
    if (field < 0) {
      return;
    }
    try {
      URI from = new URI(key.url());
      URI to =
          from.resolve(
              new String(
                  response.bytes,
                  response.valueStart(field),
                  response.valueEnd(field) - response.valueStart(field),
                  ISO_8859_1));
      if (from.getScheme().equalsIgnoreCase(to.getScheme())
          && from.getRawAuthority().equalsIgnoreCase(to.getRawAuthority())) {
        boolean _ = store().forget(to.toString());
      }
    } catch (URISyntaxException | IllegalArgumentException e) {
      // It leads nowhere.
    }
  }

  /** Whether it is to be kept. */
  private boolean begins(Head response) {
    said.read(response);
    CacheStore store = store();
    long wall = store.wallSeconds();
    long date = CacheHead.date(response, wall);
    long lifetime = cache().lifetime(exchange.request, response, said, date, isCertified());
    byte[][] names = RouteCache.vary(response);
    if (lifetime < 0 || names == null) {
      return false;
    }
    guessed = CacheLife.lifetime(response, said, date) == CacheLife.UNSAID && !said.noCache;
    life = CacheLife.of(response, said, lifetime, date, left, loop.now(), wall);
    varies = names;
    gatheredHead = CacheHead.toKeep(response, wall);
    count = 0;
    expected = response.body >= 0 ? (int) response.body : -1;
    gathered = NOTHING;
    return true;
  }

  /** So many bytes of the buffer, which stay in it, are of the answer's body. */
  void add(ByteBuf in, int more) {
    if (gatheredHead == null) {
      return;
    }
    int most = expected >= 0 ? expected : cache().config().objectBytes();
    if (more > most - count || !hasRoom(count + more, most)) {
      letGo();
      pass();
      endClaim();
      return;
    }
    in.getBytes(in.readerIndex(), gathered, count, more);
    count += more;
  }

  private boolean hasRoom(int needed, int most) {
    if (needed <= gathered.length) {
      return true;
    }
    int room = Math.min(most, Math.max(needed, Math.max(FIRST_GATHERED, 2 * gathered.length)));
    if (!store().reserve(room - gathered.length)) {
      return false;
    }
    reserved += room - gathered.length;
    gathered = Arrays.copyOf(gathered, room);
    return true;
  }

  /** The answer has come as a whole. */
  void complete(Head trailers) {
    Head made = gatheredHead;
    if (made != null && trailers.fieldCount == 0 && (expected < 0 || expected == count)) {
      keep(made);
    }
    letGo();
    endClaim();
  }

  private void keep(Head made) {
    CacheStore store = store();
    CacheLife lives = life;
    Head head = CacheHead.end(made, count);
    if (head == null || lives == null) {
      return;
    }
    key.shorten(store);
    if (varies.length > 0) {
      CacheEntry marker = new CacheEntry.Varies(key.copy(), key.hash(), varies);
      if (!store.reserve(marker.weight)) {
        return;
      }
      marker.visited = true; // without it none of them is found
      store.put(marker);
      key.lengthen(store, varies, exchange.request, ofClient());
    }
    store.giveBack(reserved); // it is counted as part of the entry from now on
    reserved = 0;
    CacheEntry.Answer entry =
        new CacheEntry.Answer(
            key.copy(),
            key.hash(),
            head,
            gathered.length == count ? gathered : Arrays.copyOf(gathered, count),
            lives,
            key.uri(),
            generation,
            guessed);
    if (entry.generation != store.generation(key.uri()) || !store.reserve(entry.weight)) {
      return;
    }
    store.put(entry);
    count(RouteCounter.CACHE_STORED);
  }

  /** For a while nobody needs to wait for such an answer; one that was kept is out of date. */
  private void pass() {
    CacheStore store = store();
    CacheEntry marker = new CacheEntry.Pass(key.copy(), key.hash(), loop.now());
    if (store.reserve(marker.weight)) {
      store.put(marker);
    }
  }

  private void letGo() {
    if (reserved > 0) {
      store().giveBack(reserved);
      reserved = 0;
    }
    gatheredHead = null;
    life = null;
    gathered = NOTHING;
  }

  private void endClaim() {
    CacheClaim mine = claim;
    if (mine != null) {
      claim = null;
      mine.end();
    }
  }

  private void count(RouteCounter what) {
    cache().count(loop, what);
  }
}
