import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { open } from "../../address";
import type { MisreadMessages, MisreadProduct, MisreadSender } from "../../api";
import { useAnswer } from "../../asking";
import { type Column, at } from "../../csv";
import { fullMoment, number, roughAge } from "../../format";
import { say } from "../../language";
import { ageOf } from "../../store";
import { misreadWords } from "../../words/misread";
import { reasonWords, words } from "../../words/page";
import { securityWords } from "../../words/security";
import { Download } from "../frame/Download";

const SHOWN = 5;

/** Whose device sends what cannot be read, and what the pack should say a word about: beside those who send nothing. */
export function Misread() {
  const { said, trouble } = useAnswer<MisreadMessages>("/api/security/misread", true).value;
  return (
    <section class="panel misread" aria-labelledby="misread-title">
      <h2 id="misread-title" tabIndex={-1}>
        {say(misreadWords.title)}
      </h2>
      {trouble && <p role="alert">{say(trouble)}</p>}
      {said ? (
        <>
          <Senders of={said} />
          <Products of={said} />
        </>
      ) : (
        <p class="calm" role="status">
          {say(trouble ? words.notAnswered : words.loading)}
        </p>
      )}
    </section>
  );
}

function Senders({ of: { senders, senders_more } }: { of: MisreadMessages }) {
  const [all, showAll] = useState(false);
  const shown = all ? senders : senders.slice(0, SHOWN);
  return (
    <>
      <Head id="misread-senders" title={say(misreadWords.senders)} hidden={senders.length - SHOWN} all={all} showAll={showAll}>
        {senders.length > 0 && <Download name="misread-senders" of={say(misreadWords.senders)} columns={senderColumns()} rows={() => senders} />}
      </Head>
      {senders.length === 0 ? (
        <p class="calm">{say(misreadWords.noSenders)}</p>
      ) : (
        <div class="clients-table" role="group" aria-labelledby="misread-senders" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say(misreadWords.sender)}</th>
                <th scope="col" class="figure">
                  {say(misreadWords.rejects)}
                </th>
                <th scope="col">{say(misreadWords.why)}</th>
                <th scope="col">{say(misreadWords.last)}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((sender) => (
                <Sender key={sender.log_source ?? `/${sender.sender}`} of={sender} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More count={senders_more} of={say(misreadWords.moreSenders)} />
    </>
  );
}

function Sender({ of }: { of: MisreadSender }) {
  const { log_source, name, sender, senders, rejects, last } = of;
  return (
    <tr data-misread={log_source ?? sender}>
      <th scope="row">
        {calledSender(of)}
        {log_source !== null && (
          <small>
            {[name && log_source, senders > 1 ? `${number(senders)} ${say(misreadWords.andOthers)}` : sender].filter(Boolean).join(" · ")}
          </small>
        )}
      </th>
      <td class="figure" data-title={say(misreadWords.rejects)}>
        {number(rejects)}
      </td>
      <td data-title={say(misreadWords.why)}>
        {reasonsOf(of)}
        {last.message && <small> {say(last.message)}</small>}
      </td>
      <td data-title={say(misreadWords.last)}>
        <Last received_at={last.received_at} position={last.position} row={last.row} />
      </td>
    </tr>
  );
}

function Products({ of: { products, products_more } }: { of: MisreadMessages }) {
  const [all, showAll] = useState(false);
  const shown = all ? products : products.slice(0, SHOWN);
  const counts = [
    [misreadWords.notRated, misreadWords.notRatedMeaning],
    [misreadWords.byFormat, misreadWords.byFormatMeaning],
    [misreadWords.unrecognized, misreadWords.unrecognizedMeaning],
  ] as const;
  return (
    <>
      <Head id="misread-products" title={say(misreadWords.products)} hidden={products.length - SHOWN} all={all} showAll={showAll}>
        {products.length > 0 && <Download name="unmapped-products" of={say(misreadWords.products)} columns={productColumns()} rows={() => products} />}
      </Head>
      {products.length === 0 ? (
        <p class="calm">{say(misreadWords.noProducts)}</p>
      ) : (
        <div class="clients-table" role="group" aria-labelledby="misread-products" tabIndex={0}>
          <table>
            <thead>
              <tr>
                <th scope="col">{say(misreadWords.product)}</th>
                <th scope="col">{say(securityWords.logSource)}</th>
                {counts.map(([title, meaning]) => (
                  <th key={title.en} scope="col" class="figure">
                    <abbr title={say(meaning)}>{say(title)}</abbr>
                  </th>
                ))}
                <th scope="col">{say(misreadWords.last)}</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((product) => (
                <Product key={`${product.log_source}/${product.vendor}/${product.product}`} of={product} />
              ))}
            </tbody>
          </table>
        </div>
      )}
      <More count={products_more} of={say(misreadWords.moreProducts)} />
    </>
  );
}

function Product({ of }: { of: MisreadProduct }) {
  const count = (title: string, lines: number) => (
    <td class="figure" data-title={title}>
      {lines === 0 ? "–" : number(lines)}
    </td>
  );
  return (
    <tr data-product={of.product} data-of={of.log_source}>
      <th scope="row">
        {of.product || say(misreadWords.noProduct)}
        {of.vendor !== "" && <small>{of.vendor}</small>}
      </th>
      <td data-title={say(securityWords.logSource)}>{of.name ? say(of.name) : of.log_source}</td>
      {count(say(misreadWords.notRated), of.not_rated)}
      {count(say(misreadWords.byFormat), of.by_format)}
      {count(say(misreadWords.unrecognized), of.unrecognized)}
      <td data-title={say(misreadWords.last)}>
        <Last received_at={of.received_at} position={of.position} row={of.row} />
      </td>
    </tr>
  );
}

interface HeadProps {
  id: string;
  title: string;
  /** How many rows are not shown. */
  hidden: number;
  all: boolean;
  showAll: (all: boolean) => void;
  children: ComponentChildren;
}

function Head({ id, title, hidden, all, showAll, children }: HeadProps) {
  const shown = all ? say(words.fewer) : `+${number(hidden)} ${say(words.more)}`;
  return (
    <div class="rejects-head">
      <h3 id={id}>{title}</h3>
      {children}
      {hidden > 0 && (
        <button type="button" class="more" aria-expanded={all} aria-label={`${shown}: ${title}`} onClick={() => showAll(!all)}>
          {shown}
        </button>
      )}
    </div>
  );
}

function More({ count, of }: { count: number; of: string }) {
  if (count === 0) return null;
  return (
    <p class="calm" data-more={count}>
      + {number(count)} {of}
    </p>
  );
}

/** How long ago, and the bytes it came in a step away. */
function Last({ received_at, position, row }: { received_at: number; position: string; row: number | null }) {
  const age = roughAge(ageOf(received_at));
  return (
    <button
      type="button"
      class="link"
      title={say(misreadWords.openLast)}
      aria-label={`${age}: ${say(misreadWords.openLast)} (${position})`}
      onClick={() => open("envelope", position, ...(row === null ? [] : [String(row)]))}
    >
      <time dateTime={new Date(received_at).toISOString()} title={fullMoment(received_at)}>
        {age}
      </time>
    </button>
  );
}

function calledSender({ log_source, name, sender }: MisreadSender): string {
  if (name) return say(name);
  return log_source ?? (sender === "" ? say(misreadWords.untold) : sender);
}

function reasonsOf({ reasons }: MisreadSender): string {
  return reasons.map(({ reason, rejects }) => `${say(reasonWords[reason] ?? { vi: reason, en: reason })} ${number(rejects)}`).join(", ");
}

function senderColumns(): Column<MisreadSender>[] {
  return [
    [say(securityWords.logSource), ({ log_source }) => log_source],
    [say(misreadWords.sender), ({ sender }) => sender],
    [say(misreadWords.rejects), ({ rejects }) => rejects],
    [say(misreadWords.why), reasonsOf],
    [say(misreadWords.last), ({ last }) => at(last.received_at)],
    [say(words.envelope), ({ last }) => last.position],
    [say(words.row), ({ last }) => last.row],
  ];
}

function productColumns(): Column<MisreadProduct>[] {
  return [
    [say(securityWords.logSource), ({ log_source }) => log_source],
    [say(misreadWords.vendor), ({ vendor }) => vendor],
    [say(misreadWords.product), ({ product }) => product],
    [say(securityWords.events), ({ weight }) => weight],
    [say(misreadWords.lines), ({ rows }) => rows],
    [say(misreadWords.notRated), ({ not_rated }) => not_rated],
    [say(misreadWords.byFormat), ({ by_format }) => by_format],
    [say(misreadWords.unrecognized), ({ unrecognized }) => unrecognized],
    [say(misreadWords.last), ({ received_at }) => at(received_at)],
    [say(words.envelope), ({ position }) => position],
    [say(words.row), ({ row }) => row],
  ];
}
