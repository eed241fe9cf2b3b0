@0xd5c1a7f2b3e84961;
# What a cell can be. The numbers are the wire's and the journal's: never renumber, never reuse.
# Written once more, with their properties, in core/fields.h; a test holds the two together.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("touchline::schema");

enum Field {
  attribute @0;         # value of attribute number `level`: an integer, or JSON text
  status @1;            # event, market or outcome status (the enums below)
  inPlay @2;            # market: 0 or 1
  version @3;           # market: the source's version number
  betDelay @4;          # market: seconds
  totalMatched @5;      # market, outcome: hundredths
  price @6;             # outcome: the price on offer of a source without a ladder, hundredths
  lastPrice @7;         # outcome: last price traded, hundredths
  back @8;              # ladders keyed by price (level = price in hundredths), value = size in hundredths
  lay @9;
  traded @10;
  spBack @11;
  spLay @12;
  bestBack @13;         # ladders keyed by rank: level 2r = price, 2r+1 = size, both hundredths
  bestLay @14;
  bestDisplayBack @15;
  bestDisplayLay @16;
  spNear @17;           # hundredths; -1 = NaN, -2 = Infinity
  spFar @18;
  handicap @19;         # outcome: hundredths; part of the outcome's identity
  homeScore @20;
  awayScore @21;
  reserved22 @22;       # 22 to 26 stand for 8 to 12 with prices off the classic ticks, in blocks only
  reserved23 @23;
  reserved24 @24;
  reserved25 @25;
  reserved26 @26;
  clockMs @27;          # event: time played
  startTime @28;        # event: ms since 1970
  feed @29;             # event: health of source number `level` (the enum below)
  reserved30 @30;
  reserved31 @31;       # in blocks: the field's number follows
  id @32;               # event, market, outcome: the source's identifier, text, never erased
  name @33;
  type @34;             # market
  sport @35;            # event
  competition @36;      # event
  period @37;           # event
  attributeName @38;    # event: path of attribute number `level`
  exactPrice @39;       # event: literal of a price that is no count of hundredths; level = its number
  owner @40;            # market: number of the source that it came from
}

enum EventStatus { unset @0; scheduled @1; delayed @2; postponed @3; live @4; interrupted @5; finished @6;
  settled @7; cancelled @8; abandoned @9; forgotten @10; }
enum MarketStatus { unset @0; inactive @1; open @2; suspended @3; closed @4; settled @5; cancelled @6; }
enum OutcomeStatus { unset @0; active @1; winner @2; loser @3; placed @4; removed @5; removedVacant @6;
  hidden @7; void @8; }
enum FeedHealth { unset @0; live @1; incomplete @2; stale @3; }
