// The frame around the pages: where one is, who one is, the way out.
import { type ReactNode, useEffect, useState } from "react";
import { Act } from "../../../ui/parts/controls";
import { LanguageSwitch } from "../../../ui/parts/Frame";
import { PhoneLine } from "../../../ui/parts/Help";
import { asRefused, type Refused } from "../../core/client";
import { hasUse } from "../../core/places";
import { pathOf, type Route } from "../../core/routes";
import { useMe, useOffice, useOfficeTexts } from "../context";
import { Trouble } from "./page";
import css from "./Shell.module.css";

const places = [
  ["calendar", "nav_calendar"],
  ["book", "nav_book"],
  ["operations", "nav_operations"],
  ["oversight", "nav_oversight"],
  ["coverage", "nav_coverage"],
  ["notes", "nav_notes"],
  ["delegations", "nav_delegations"],
  ["accounts", "nav_accounts"],
  ["devices", "nav_devices"],
  ["archives", "nav_archives"],
  ["archive_requests", "nav_archive_requests"],
  ["verify", "nav_verify"],
] as const;

/** Link goes to a page without loading the application again; a middle click opens it as any link. */
export function Link({
  to,
  current = false,
  className,
  children,
}: {
  to: Route;
  current?: boolean;
  className?: string | undefined;
  children: ReactNode;
}) {
  const { go } = useOffice();
  return (
    <a
      href={pathOf(to)}
      className={className}
      {...(current ? { "aria-current": "page" as const } : {})}
      onClick={(e) => {
        if (e.button !== 0 || e.ctrlKey || e.metaKey || e.shiftKey) return;
        e.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}

export function Shell({ dark = false, children }: { dark?: boolean; children: ReactNode }) {
  const { t } = useOfficeTexts();
  const { route, signOut } = useOffice();
  const me = useMe();
  const [refused, setRefused] = useState<Refused | null>(null);
  const inHearing = route.page === "hearing";
  return (
    <div className={`${css["shell"]} ${dark ? css["dark"] : ""}`}>
      <a href="#main" className={css["skip"]}>
        {t("skip")}
      </a>
      <header className={css["header"]}>
        <div className={css["who"]}>
          <p className={css["unit"]}>{me.unit_name}</p>
          <p>{me.name}</p>
        </div>
        <div className={css["own"]}>
          <Link
            to={{ page: "account" }}
            className={css["place"]}
            current={route.page === "account"}
          >
            {t("nav_account")}
          </Link>
          <LanguageSwitch />
          <Act
            tone="quiet"
            onPress={() => {
              signOut().catch((e: unknown) => {
                setRefused(asRefused(e));
              });
            }}
          >
            {t("sign_out_office")}
          </Act>
        </div>
        <nav aria-label={t("nav")} className={css["nav"]}>
          {places
            .filter(([page]) => hasUse(page, me.roles))
            .map(([page, text]) => (
              <Link
                key={page}
                to={{ page }}
                className={css["place"]}
                current={
                  route.page === page ||
                  (inHearing && page === "calendar") ||
                  (route.page === "archive" && page === "archives")
                }
              >
                {t(text)}
              </Link>
            ))}
        </nav>
      </header>
      <Trouble refused={refused} />
      {children}
    </div>
  );
}

/** useHelpPhone is the number to call for help, "" until it is known and where there is none. */
export function useHelpPhone(): string {
  const { api } = useOffice();
  const [phone, setPhone] = useState("");
  useEffect(() => {
    let here = true;
    api.helpPhone().then(
      // An answer without a body is one of an older server.
      (a: { phone: string } | undefined) => {
        if (here) setPhone(a?.phone ?? "");
      },
      () => undefined,
    );
    return () => {
      here = false;
    };
  }, [api]);
  return phone;
}

/** Gate is the sheet of whoever is not signed in, and of a courtroom's computer. */
export function Gate({ dark = false, children }: { dark?: boolean; children: ReactNode }) {
  const { t } = useOfficeTexts();
  return (
    <div className={`${css["shell"]} ${dark ? css["dark"] : ""}`}>
      <header className={css["header"]}>
        <p className={css["brand"]}>{t("app_title")}</p>
        <div className={css["call"]}>
          <PhoneLine phone={useHelpPhone()} />
        </div>
        <LanguageSwitch />
      </header>
      {children}
    </div>
  );
}
