package io.fairlead.dns;

import io.fairlead.config.Cidr;
import io.fairlead.telemetry.LoopCounters;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Makes the answer to one question. Waits for nothing and allocates nothing, but for questions that
 * are signed, and for names of no zone while an authority asks for proofs.
 *
 * <p>Whatever is wrong with a question, what is sent back is no larger than it: nobody can have us
 * send more to somebody than he sends himself. What is right may be answered with more; there the
 * limit of like answers ({@link Snapshot#limiter}) bounds what a network gets by UDP, and cookies
 * tell who has a right to more.
 *
 * <p>An answer that does not fit is sent without any record and says so (TC): half of a set of
 * records is of no use to anybody.
 */
final class Responder {
  /** Bytes that go through every network unfragmented (RFC 9715). */
  static final int UDP_LIMIT = 1232;

  /** For those who do not say what they can take (RFC 1035, 4.2.1). */
  private static final int PLAIN_LIMIT = 512;

  static final int TCP_LIMIT = 65_535;

  /** CNAMEs that are followed in one answer. */
  private static final int MAX_CHAIN = 16;

  /** The answer is a whole zone, which is more than one message. */
  static final int TRANSFER = -1;

  /** "RFC8482", and nothing (RFC 8482, 4.2). */
  private static final byte[] HINFO =
      RecordSet.whole(Type.HINFO, 3600, new byte[] {7, 'R', 'F', 'C', '8', '4', '8', '2', 0});

  private static final int POINTER_TO_QUESTION = 0xC000 | Query.HEAD;

  private final LoopCounters<DnsCounter> counters;
  private final DnsChallenges challenges;

  /**
   * @param challenges what is answered beside zones
   */
  Responder(LoopCounters<DnsCounter> counters, DnsChallenges challenges) {
    this.counters = counters;
    this.challenges = challenges;
  }

  /**
   * Answers what is in the worker.
   *
   * @param length bytes of the question
   * @param tcp whether it came by a connection, and so from where it says
   * @param epochSeconds the time, for cookies and signatures
   * @return bytes of the answer; 0: none; {@link #TRANSFER}
   */
  int answer(
      Worker worker, int length, boolean tcp, Snapshot snapshot, long nanos, long epochSeconds) {
    Query query = worker.query;
    Answer out = worker.answer;
    counters.increment(worker.index, tcp ? DnsCounter.TCP_QUERIES : DnsCounter.UDP_QUERIES);
    Query.Read read = query.read(worker.in, length);
    Told told = worker.told;
    told.clear();
    worker.likeness = 0;
    worker.scope = 0;
    out.at = 0;
    out.limit = tcp ? TCP_LIMIT : query.hasOpt ? Math.min(query.udpSize, UDP_LIMIT) : PLAIN_LIMIT;
    switch (read) {
      case DROP -> {
        counters.increment(worker.index, DnsCounter.DROPPED);
        told.error = AnswerError.NO_QUESTION;
        return 0;
      }
      case REFUSE -> {
        return limited(worker, tcp, snapshot, nanos, error(worker, query.error), false);
      }
      case ANSWER -> {}
    }
    Tsig tsig = null;
    if (query.tsigAt != 0) {
      tsig = Tsig.check(query, snapshot.keys(), epochSeconds);
      if (tsig == null) {
        return limited(worker, tcp, snapshot, nanos, error(worker, Type.FORMERR), false);
      }
      if (!tsig.isGood()) {
        told.error = AnswerError.BAD_SIGNATURE;
        int size = error(worker, Type.NOTAUTH);
        out.at = size;
        tsig.sign(out, epochSeconds);
        return limited(worker, tcp, snapshot, nanos, out.at, false);
      }
      out.limit -= tsig.room();
    }
    boolean trusted =
        tcp || tsig != null || isKnown(worker, snapshot.cookies(), (int) epochSeconds);
    int rcode = find(worker, tcp, snapshot, tsig);
    if (rcode == TRANSFER) {
      return TRANSFER;
    }
    if (rcode != Type.NOERROR && rcode != Type.NXDOMAIN) {
      int size = error(worker, rcode);
      if (tsig != null) {
        out.at = size;
        out.limit += tsig.room();
        tsig.sign(out, epochSeconds);
        size = out.at;
      }
      return limited(worker, trusted, snapshot, nanos, size, false);
    }
    int body = out.at;
    boolean tooLong = out.isTooLong();
    if (!tooLong && query.hasOpt) {
      writeOpt(worker, tcp, snapshot, (int) epochSeconds);
      tooLong = out.isTooLong();
    }
    if (tooLong) {
      truncate(worker);
      body = out.at;
      if (query.hasOpt) {
        writeOpt(worker, tcp, snapshot, (int) epochSeconds);
        if (out.isTooLong()) { // options larger than what is wanted: 512 hold all but a long name
          out.at = body;
          writePlainOpt(out);
        }
      }
      counters.increment(worker.index, DnsCounter.TRUNCATED);
      told.error = AnswerError.TRUNCATED;
    }
    if (tsig != null) {
      out.limit += tsig.room();
      tsig.sign(out, epochSeconds);
    }
    return limited(worker, trusted, snapshot, nanos, out.at, true);
  }

  // --- limits ------------------------------------------------------------------------------

  private boolean isKnown(Worker worker, Cookies cookies, int seconds) {
    if (worker.query.cookieLength <= Cookies.CLIENT) {
      return false;
    }
    boolean ours = cookies.isOurs(worker.query, worker.peer, seconds, worker.scratch);
    counters.increment(worker.index, ours ? DnsCounter.COOKIES_GOOD : DnsCounter.COOKIES_BAD);
    return ours;
  }

  /**
   * Sends it, or says "by TCP", or nothing, if the network gets too much of the like.
   *
   * @param trusted the client is where it says
   * @param useful an answer, and not an error
   */
  private int limited(
      Worker worker, boolean trusted, Snapshot snapshot, long nanos, int size, boolean useful) {
    var limiter = snapshot.limiter();
    if (trusted || limiter == null || isExempt(worker.peer, snapshot)) {
      return size;
    }
    Peer peer = worker.peer;
    long network = 0;
    for (int i = 0; i < (peer.length == 4 ? 3 : 7); i++) {
      network = network << 8 | (peer.address[i] & 0xFF);
    }
    long key = Family.mix(network << 1 | (peer.length == 4 ? 0 : 1)) ^ worker.likeness;
    if (limiter.admit(key, nanos, worker.verdict)) {
      return size;
    }
    if (useful && snapshot.slip() > 0 && ++worker.slipped % snapshot.slip() == 0) {
      truncate(worker);
      if (worker.query.hasOpt) {
        writePlainOpt(worker.answer);
      }
      counters.increment(worker.index, DnsCounter.RATE_SLIPPED);
      worker.told.error = AnswerError.RATE_SLIPPED;
      return worker.answer.at;
    }
    counters.increment(worker.index, DnsCounter.RATE_DROPPED);
    worker.told.error = AnswerError.RATE_DROPPED;
    return 0;
  }

  private static boolean isExempt(Peer peer, Snapshot snapshot) {
    if (snapshot.exempt().isEmpty()) {
      return false;
    }
    var address = peer.toInetAddress();
    for (Cidr network : snapshot.exempt()) {
      if (network.contains(address)) {
        return true;
      }
    }
    return false;
  }

  // --- heads and ends ----------------------------------------------------------------------

  /** Head and question as they came, and whose answer it is. */
  private static void begin(Query query, Answer out, int flags, int rcode) {
    int end = query.hasQuestion ? query.questionEnd : Query.HEAD;
    System.arraycopy(query.in, 0, out.out, 0, end);
    out.at = end;
    out.out[2] = (byte) (0x80 | (query.in[2] & 0x79) | flags); // opcode and RD stay
    out.out[3] = (byte) ((query.in[3] & 0x10) | (rcode & 0xF)); // CD stays
    Arrays.fill(out.out, 4, Query.HEAD, (byte) 0);
    out.out[5] = (byte) (query.hasQuestion ? 1 : 0);
  }

  private static final int AUTHORITATIVE = 0x04;
  private static final int CUT_SHORT = 0x02;

  private int error(Worker worker, int rcode) {
    Query query = worker.query;
    Answer out = worker.answer;
    counters.increment(
        worker.index,
        switch (rcode) {
          case Type.FORMERR -> DnsCounter.FORMERR;
          case Type.NOTIMP -> DnsCounter.NOTIMP;
          case Type.BADVERS -> DnsCounter.BADVERS;
          case Type.NOTAUTH -> DnsCounter.NOTAUTH;
          case Type.REFUSED -> DnsCounter.REFUSED;
          default -> DnsCounter.SERVFAIL;
        });
    if (worker.told.error == null) {
      worker.told.error = AnswerError.of(rcode);
    }
    worker.likeness = rcode;
    begin(query, out, 0, rcode);
    if (query.hasOpt) {
      writePlainOpt(out);
      if (rcode == Type.BADVERS) {
        out.out[out.at - 6] = 1; // the upper bits of 16
      }
    }
    return out.at;
  }

  private static void truncate(Worker worker) {
    Answer out = worker.answer;
    int authoritative = out.out[2] & AUTHORITATIVE;
    int rcode = out.out[3] & 0xF;
    begin(worker.query, out, authoritative | CUT_SHORT, rcode);
  }

  private static void writePlainOpt(Answer out) {
    out.u8(0);
    out.u16(Type.OPT);
    out.u16(UDP_LIMIT);
    out.u32(0);
    out.u16(0);
    out.out[11] = 1;
  }

  private static void writeOpt(Worker worker, boolean tcp, Snapshot snapshot, int seconds) {
    Query query = worker.query;
    Answer out = worker.answer;
    out.u8(0);
    out.u16(Type.OPT);
    out.u16(UDP_LIMIT);
    out.u16(0);
    out.u16(query.wantsDnssec ? 0x8000 : 0); // DO is copied (RFC 3225, 3)
    int lengthAt = out.at;
    out.u16(0);
    if (query.wantsServerId && !snapshot.serverId().isEmpty()) {
      String id = snapshot.serverId();
      out.u16(Query.NSID);
      out.u16(id.length());
      for (int i = 0; i < id.length(); i++) {
        out.u8(id.charAt(i));
      }
    }
    if (query.cookieLength > 0) {
      out.u16(Query.COOKIE);
      out.u16(Cookies.WHOLE);
      snapshot.cookies().write(query, worker.peer, seconds, worker.scratch, out);
    }
    if (query.hasSubnet) {
      int bytes = (query.subnetPrefix + 7) / 8;
      out.u16(Query.SUBNET);
      out.u16(4 + bytes);
      out.u16(query.subnetFamily);
      out.u8(query.subnetPrefix);
      out.u8(query.subnetPrefix == 0 ? 0 : worker.scope);
      out.bytes(query.subnet, 0, bytes);
    }
    if (tcp && query.wantsKeepalive) {
      out.u16(Query.KEEPALIVE);
      out.u16(2);
      out.u16(100); // in tenths of a second (RFC 7828); the default of idle-timeout
    }
    if (!out.isTooLong()) {
      out.put16(lengthAt, out.at - lengthAt - 2);
      out.out[11]++;
    }
  }

  // --- what is asked for -------------------------------------------------------------------

  /** Writes what is known, and answers the response code. */
  private int find(Worker worker, boolean tcp, Snapshot snapshot, @Nullable Tsig tsig) {
    Query query = worker.query;
    Answer out = worker.answer;
    if (!query.hasQuestion) {
      begin(query, out, 0, Type.NOERROR);
      return Type.NOERROR;
    }
    switch (query.type) {
      case Type.OPT -> {
        return Type.FORMERR;
      }
      case Type.TKEY, Type.TSIG, Type.MAILA, Type.MAILB -> {
        return Type.NOTIMP;
      }
      default -> {}
    }
    if (query.dnsClass != Type.CLASS_IN) {
      worker.told.error = AnswerError.WRONG_CLASS;
      return Type.REFUSED;
    }
    Owner owner = null;
    int label = 0;
    for (; label <= query.labels; label++) {
      owner =
          snapshot
              .names()
              .find(query.name, query.starts[label], query.nameLength, query.hashes[label]);
      if (owner != null) {
        break;
      }
    }
    if (owner == null) {
      return Type.REFUSED;
    }
    ZoneData zone = owner.zone;
    if (query.type == Type.AXFR || query.type == Type.IXFR) {
      return transfer(worker, tcp, owner, label, tsig);
    }
    Owner cut = owner.cut;
    if (cut != null && !(label == 0 && cut == owner && query.type == Type.DS)) {
      zone.counters.increment(worker.index, ZoneCounter.REFERRAL);
      worker.likeness = cut.hash;
      worker.told.kind = Told.Kind.REFERRAL;
      worker.told.cut = cut;
      refer(worker, cut);
      return Type.NOERROR;
    }
    RecordSet asked = query.type == Type.TXT ? challenges.answer(query) : null;
    if (asked != null) {
      zone.counters.increment(worker.index, ZoneCounter.NOERROR);
      worker.likeness = (long) zone.apex().hash << 16 | query.type;
      begin(query, out, AUTHORITATIVE, Type.NOERROR);
      out.put16(6, writeSet(worker, asked, POINTER_TO_QUESTION));
      return Type.NOERROR;
    }
    Owner source = label == 0 ? owner : owner.wildcard;
    if (source == null && challenges.isKnown(query)) {
      return noData(worker, zone);
    }
    if (source == null) {
      zone.counters.increment(worker.index, ZoneCounter.NXDOMAIN);
      worker.likeness = (long) zone.apex().hash << 8 | Type.NXDOMAIN;
      begin(query, out, AUTHORITATIVE, Type.NXDOMAIN);
      worker.told.kind = Told.Kind.NO_NAME;
      deny(worker, zone);
      return Type.NXDOMAIN;
    }
    worker.likeness = (long) source.hash << 16 | query.type;
    begin(query, out, AUTHORITATIVE, Type.NOERROR);
    int rcode = follow(worker, snapshot, source);
    if (rcode == Type.NXDOMAIN) {
      out.out[3] |= Type.NXDOMAIN;
    }
    return rcode;
  }

  /** A name without records of its own. */
  private static int noData(Worker worker, ZoneData zone) {
    zone.counters.increment(worker.index, ZoneCounter.NODATA);
    worker.likeness = (long) zone.apex().hash << 8 | Type.NOERROR;
    begin(worker.query, worker.answer, AUTHORITATIVE, Type.NOERROR);
    worker.told.kind = Told.Kind.NO_DATA;
    deny(worker, zone);
    return Type.NOERROR;
  }

  /** A whole zone goes by a connection only, and only to whom it may. */
  private static int transfer(
      Worker worker, boolean tcp, Owner owner, int label, @Nullable Tsig tsig) {
    Query query = worker.query;
    ZoneData zone = owner.zone;
    if (!tcp && query.type == Type.AXFR) {
      return Type.FORMERR;
    }
    if (label != 0 || owner != zone.apex()) {
      return Type.NOTAUTH;
    }
    if (!mayTransfer(worker, zone, tsig)) {
      zone.counters.increment(worker.index, ZoneCounter.REFUSED);
      worker.told.error = AnswerError.NO_TRANSFER;
      return Type.REFUSED;
    }
    if (tcp) {
      worker.told.kind = Told.Kind.TRANSFER;
      worker.zone = zone;
      worker.tsig = tsig;
      return TRANSFER;
    }
    // What has changed is not kept: the present SOA says whether to come for all (RFC 1995, 2).
    begin(query, worker.answer, AUTHORITATIVE, Type.NOERROR);
    writeRecord(worker.answer, POINTER_TO_QUESTION, zone.soa());
    worker.answer.out[7] = 1;
    worker.told.tell(1);
    return Type.NOERROR;
  }

  private static boolean mayTransfer(Worker worker, ZoneData zone, @Nullable Tsig tsig) {
    var transfer = zone.settings.transfer();
    if (!transfer.enabled()) {
      return false;
    }
    boolean signed = tsig != null && tsig.signer().equals(transfer.key());
    if (!transfer.key().isEmpty() && !signed) {
      return false;
    }
    if (transfer.allow().isEmpty()) {
      return true;
    }
    var address = worker.peer.toInetAddress();
    return transfer.allow().stream().anyMatch(network -> network.contains(address));
  }

  /** What there is at a name, and where its alias leads. */
  private int follow(Worker worker, Snapshot snapshot, Owner first) {
    Query query = worker.query;
    Answer out = worker.answer;
    Owner owner = first;
    int pointer = POINTER_TO_QUESTION;
    int written = 0;
    for (int step = 0; step <= MAX_CHAIN; step++) {
      ZoneData zone = owner.zone;
      if (query.type == Type.ANY && (owner.sets.length > 0 || owner.balanced != null)) {
        writeRecord(out, pointer, HINFO);
        out.out[7] = (byte) (written + 1);
        worker.told.tell(written + 1);
        zone.counters.increment(worker.index, ZoneCounter.NOERROR);
        return Type.NOERROR;
      }
      Balanced balanced = owner.balanced;
      int count = balanced == null ? -1 : choose(worker, snapshot, balanced, pointer);
      if (count < 0) {
        RecordSet set = owner.find(query.type);
        if (set == null) {
          count = 0;
        } else if (query.type == Type.SOA) {
          writeRecord(out, pointer, zone.soa()); // whose serial number may have risen
          worker.told.tell(1);
          count = 1;
        } else {
          count = writeSet(worker, set, pointer);
        }
      }
      if (count > 0) {
        out.put16(6, written + count);
        zone.counters.increment(worker.index, ZoneCounter.NOERROR);
        return Type.NOERROR;
      }
      RecordSet alias = owner.find(Type.CNAME);
      if (alias == null) {
        zone.counters.increment(worker.index, ZoneCounter.NODATA);
        out.out[7] = (byte) written;
        worker.told.kind = Told.Kind.NO_DATA;
        worker.likeness = (long) zone.apex().hash << 8 | Type.NOERROR;
        deny(worker, zone);
        return Type.NOERROR;
      }
      int dataAt = out.at + 12;
      writeRecord(out, pointer, alias.records[0]);
      worker.told.tell(alias, 0);
      written++;
      out.out[7] = (byte) written;
      byte[] name = alias.targetName;
      Owner target = alias.target;
      if (target == null) {
        if (name != null && Names.isBelow(name, zone.name)) {
          zone.counters.increment(worker.index, ZoneCounter.NXDOMAIN);
          worker.told.kind = Told.Kind.NO_NAME;
          deny(worker, zone);
          return Type.NXDOMAIN; // of the last name (RFC 6604, 3)
        }
        zone.counters.increment(worker.index, ZoneCounter.NOERROR);
        return Type.NOERROR;
      }
      if (target.cut != null || dataAt >= 0x4000) {
        zone.counters.increment(worker.index, ZoneCounter.NOERROR);
        return Type.NOERROR;
      }
      pointer = 0xC000 | dataAt;
      owner = target;
    }
    return Type.NOERROR;
  }

  /** Records of a set, one after the other, the first another one each time. */
  private static int writeSet(Worker worker, RecordSet set, int pointer) {
    Answer out = worker.answer;
    byte[][] records = set.records;
    int count = records.length;
    int start = count == 1 ? 0 : Integer.remainderUnsigned(worker.turn++, count);
    worker.told.tell(set, start);
    for (int i = 0; i < count; i++) {
      int at = start + i;
      writeRecord(out, pointer, records[at < count ? at : at - count]);
    }
    return count;
  }

  /**
   * Addresses that are chosen now.
   *
   * @return how many records; -1: the name has none of that type that is chosen
   */
  private int choose(Worker worker, Snapshot snapshot, Balanced balanced, int pointer) {
    Query query = worker.query;
    boolean https = query.type == Type.HTTPS && balanced.hasHttps();
    if (query.type != Type.A && query.type != Type.AAAA && !https) {
      return -1;
    }
    Choices choices = balanced.choices();
    Told told = worker.told;
    told.balanced = balanced;
    told.choices = choices;
    told.site = null;
    told.count = 0;
    told.otherFamily = Family.NONE;
    told.otherCount = 0;
    int site = 0;
    long client = 0;
    if (Choices.looksAtClient(balanced.policy) || !snapshot.sites().isEmpty()) {
      boolean known = query.hasSubnet && query.subnetPrefix > 0;
      byte[] address = known ? query.subnet : worker.peer.address;
      int length = known ? query.subnetFamily == 1 ? 4 : 16 : worker.peer.length;
      int prefix = known ? query.subnetPrefix : 8 * length;
      if (Choices.looksAtClient(balanced.policy)) {
        int bits = length == 4 ? 24 : 56;
        client = network(address, Math.min(bits, prefix));
        worker.scope = bits;
      }
      if (!snapshot.sites().isEmpty()) {
        int found = snapshot.sites().find(address, length, prefix);
        site = found & 0xFFFF;
        if (site > 0) {
          told.site = snapshot.sites().names().get(site);
        }
        worker.scope = Math.max(worker.scope, found >>> 16);
      }
    }
    balanced.counters.increment(worker.index, NameCounter.ANSWERS);
    if (choices.failOpen) {
      balanced.counters.increment(worker.index, NameCounter.FAIL_OPEN);
    }
    int turn = balanced.nextTurn(worker.index);
    if (https) {
      return writeHttps(worker, balanced, choices, site, turn, client, pointer);
    }
    Family family = query.type == Type.A ? choices.v4[site] : choices.v6[site];
    int count =
        family.choose(balanced.policy, balanced.answers, turn, client, worker.chance, told.chosen);
    told.family = family;
    told.count = count;
    if (count == 0) {
      balanced.counters.increment(worker.index, NameCounter.EMPTY);
      if (choices.v4[site].size() + choices.v6[site].size() == 0) {
        told.error = AnswerError.NO_ADDRESS;
      }
    } else {
      told.kind = Told.Kind.RECORDS;
    }
    Answer out = worker.answer;
    for (int i = 0; i < count; i++) {
      byte[] address = family.address(told.chosen[i]);
      out.u16(pointer);
      out.u16(query.type);
      out.u16(Type.CLASS_IN);
      out.u32(choices.ttl);
      out.u16(address.length);
      out.bytes(address);
    }
    return count;
  }

  /** The address up to that bit, as a number that tells networks apart. */
  private static long network(byte[] address, int prefix) {
    long value = 0;
    for (int i = 0; i < 7; i++) {
      int bits = Math.clamp(prefix - 8 * i, 0, 8);
      value = value << 8 | (address[i] & (0xFF << (8 - bits)) & 0xFF);
    }
    return Family.mix(value);
  }

  private static int writeHttps(
      Worker worker,
      Balanced balanced,
      Choices choices,
      int site,
      int turn,
      long client,
      int pointer) {
    Answer out = worker.answer;
    out.u16(pointer);
    out.u16(Type.HTTPS);
    out.u16(Type.CLASS_IN);
    out.u32(choices.ttl);
    int lengthAt = out.at;
    out.u16(0);
    out.bytes(balanced.httpsHead());
    Told told = worker.told;
    told.tell(1);
    told.family = choices.v4[site];
    told.count = writeHints(worker, balanced, told.family, 4, turn, client, told.chosen);
    told.otherFamily = choices.v6[site];
    told.otherCount =
        writeHints(worker, balanced, told.otherFamily, 6, turn, client, told.otherChosen);
    if (!out.isTooLong()) {
      out.put16(lengthAt, out.at - lengthAt - 2);
    }
    return 1;
  }

  private static int writeHints(
      Worker worker,
      Balanced balanced,
      Family family,
      int key,
      int turn,
      long client,
      int[] chosen) {
    int count =
        family.choose(balanced.policy, balanced.answers, turn, client, worker.chance, chosen);
    if (count > 0) {
      Answer out = worker.answer;
      out.u16(key);
      out.u16(count * family.address(0).length);
      for (int i = 0; i < count; i++) {
        out.bytes(family.address(chosen[i]));
      }
    }
    return count;
  }

  private static void writeRecord(Answer out, int pointer, byte[] record) {
    out.u16(pointer);
    out.bytes(record, 0, record.length);
  }

  /** There is no such thing: for how long that holds. */
  private static void deny(Worker worker, ZoneData zone) {
    writeName(worker, zone.apex(), zone);
    worker.answer.bytes(zone.negative());
    worker.answer.out[9] = 1;
  }

  /** Somebody else knows (RFC 9471: with the addresses that only we know). */
  private static void refer(Worker worker, Owner cut) {
    Query query = worker.query;
    Answer out = worker.answer;
    begin(query, out, 0, Type.NOERROR);
    RecordSet servers = cut.find(Type.NS);
    if (servers == null) {
      return;
    }
    int pointer = 0xC000 | (Query.HEAD + query.starts[query.labels - cut.labels]);
    for (byte[] record : servers.records) {
      writeRecord(out, pointer, record);
    }
    out.put16(8, servers.records.length);
    RecordSet signer = query.wantsDnssec ? cut.find(Type.DS) : null;
    if (signer != null) {
      for (byte[] record : signer.records) {
        writeRecord(out, pointer, record);
      }
      out.put16(8, servers.records.length + signer.records.length);
    }
    int glue = 0;
    for (Owner.Glue each : cut.glue) {
      for (byte[] record : each.set().records) {
        writeName(worker, each.owner(), cut.zone);
        out.bytes(record);
        glue++;
      }
    }
    out.put16(10, glue);
  }

  /** A name of the zone, whose end is that of the name that was asked for. */
  private static void writeName(Worker worker, Owner owner, ZoneData zone) {
    Query query = worker.query;
    Answer out = worker.answer;
    out.bytes(owner.name, 0, owner.name.length - zone.name.length);
    int label = query.labels - zone.apex().labels;
    out.u16(0xC000 | (Query.HEAD + query.starts[label]));
  }
}
