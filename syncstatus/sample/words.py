"""Word lists of the sample. Every name is invented; addresses end in `.example`, which nobody can own (RFC 2606)."""

COMPANY_STARTS = (
    "Abel", "Alto", "Arbo", "Asta", "Bala", "Bento", "Bora", "Calo", "Cori", "Dala", "Delo", "Dura", "Elva", "Ento",
    "Faro", "Fenni", "Gala", "Gero", "Halo", "Hedda", "Ilma", "Indi", "Jola", "Kali", "Kento", "Lago", "Luma", "Mado",
    "Meri", "Nalo", "Nord", "Orbi", "Pala", "Quin", "Rava", "Solo", "Tavi", "Ulmo", "Vela", "Zeno",
)  # fmt: skip
COMPANY_ENDS = (
    "bank", "berg", "brik", "burg", "cell", "com", "dahl", "dent", "dor", "fab", "feld", "form", "gard", "graf",
    "holt", "kam", "lab", "land", "lex", "line", "lux", "mark", "med", "mont", "nova", "pack", "plan", "port", "quest",
    "rama", "san", "soft", "stein", "tech", "tex", "tron", "tum", "vik", "wood", "works",
)  # fmt: skip

FIRST_NAMES = (
    "Ada", "Agnes", "Aksel", "Anna", "Arne", "Astrid", "Bjørn", "Camille", "Carl", "Chloé", "Clara", "Daniel", "Edith",
    "Élise", "Emil", "Erik", "Eva", "Felix", "Freja", "Gabriel", "Grace", "Greta", "Hanna", "Hugo", "Ida", "Ines",
    "Ingrid", "Jakob", "Jean", "Johan", "Jonas", "Julie", "Karin", "Karl", "Katja", "Lars", "Laura", "Léa", "Leon",
    "Linus", "Louise", "Lucas", "Magnus", "Maja", "Marie", "Markus", "Mathilde", "Max", "Mia", "Nils", "Nora", "Olga",
    "Oskar", "Otto", "Paul", "Rosa", "Sofie", "Søren", "Theo", "Vera",
)  # fmt: skip
LAST_NAMES = (
    "Andersen", "Bauer", "Beck", "Berg", "Bernard", "Bonnet", "Brandt", "Brown", "Carlsson", "Clarke", "Dahl", "Dubois",
    "Durand", "Eriksen", "Fischer", "Fontaine", "Girard", "Green", "Hansen", "Hoffmann", "Holm", "Jensen", "Johansson",
    "Keller", "Kjær", "Klein", "Krüger", "Lambert", "Larsen", "Laurent", "Lind", "Lopez", "Lund", "Martin", "Meyer",
    "Møller", "Moreau", "Nielsen", "Nyström", "Olsen", "Petit", "Richter", "Roux", "Schäfer", "Schmidt", "Smith",
    "Sørensen", "Strand", "Taylor", "Vogel", "Wagner", "Walker", "Weber", "Winther", "Wolf", "Wood",
)  # fmt: skip

JOB_TITLES = (
    "Accountant", "Buyer", "CEO", "Controller", "Designer", "Engineer", "Head of Purchasing", "IT Manager",
    "Office Manager", "Planner", "Plant Manager", "Project Manager", "Quality Manager", "Sales Manager", "Technician",
    "Warehouse Manager",
)  # fmt: skip

# Country, what companies are called there, dialling code, and towns with the first digits of their post codes.
COUNTRIES = (
    ("DK", "A/S", "+45", (("Aarhus", "80"), ("Aalborg", "90"), ("København", "10"), ("Odense", "50"))),
    ("SE", "AB", "+46", (("Göteborg", "41"), ("Malmö", "21"), ("Stockholm", "11"), ("Uppsala", "75"))),
    ("DE", "GmbH", "+49", (("Bremen", "28"), ("Hamburg", "20"), ("Köln", "50"), ("München", "80"))),
    ("FR", "SARL", "+33", (("Lille", "59"), ("Lyon", "69"), ("Nantes", "44"), ("Strasbourg", "67"))),
    ("GB", "Ltd", "+44", (("Bristol", "22"), ("Leeds", "31"), ("London", "10"), ("York", "41"))),
)
# How many digits follow the dialling code; a French number is no number with fewer than nine.
PHONE_DIGITS = {"+45": 8, "+46": 8, "+49": 8, "+33": 9, "+44": 8}
COUNTRY_NAMES = {"DK": "Denmark", "SE": "Sweden", "DE": "Germany", "FR": "France", "GB": "United Kingdom"}
# The ERP's codes of languages, and the CRM's.
LANGUAGES = {"DK": ("DAN", "da"), "SE": ("SVE", "sv"), "DE": ("DEU", "de"), "FR": ("FRA", "fr"), "GB": ("ENU", "en")}
STREETS = (
    "Bridge Street", "Canal Road", "Church Lane", "Garden Street", "Harbour Road", "High Street", "Hill Road",
    "King Street", "Lake Road", "Market Square", "Mill Lane", "North Road", "Park Avenue", "Queen Street",
    "Station Road", "West Road",
)  # fmt: skip

ITEM_MATERIALS = (
    "Aluminium", "Ash", "Bamboo", "Beech", "Birch", "Black", "Blue", "Chrome", "Cork", "Glass", "Green", "Grey",
    "Linen", "Oak", "Pine", "Red", "Steel", "Walnut", "White", "Wool",
)  # fmt: skip
ITEM_NOUNS = (
    "Armchair", "Bench", "Bookcase", "Bowl", "Cabinet", "Carpet", "Chair", "Clock", "Coat Rack", "Couch", "Cupboard",
    "Cushion", "Desk", "Desk Lamp", "Door Handle", "Drawer", "Filing Box", "Floor Lamp", "Frame", "Hook", "Kettle",
    "Lamp Shade", "Lantern", "Mirror", "Office Chair", "Paper Tray", "Pen Holder", "Pendant", "Rug", "Screen", "Shelf",
    "Side Table", "Sofa", "Stand", "Stool", "Table", "Tray", "Trolley", "Vase", "Wall Unit",
)  # fmt: skip
UNITS = ("PCS", "SET", "BOX")
UNITS_OF_THE_CRM = {"PCS": "piece", "SET": "set", "BOX": "box"}
CURRENCY_NUMBERS = {"DKK": "208", "EUR": "978", "SEK": "752"}

# What the ERP sells besides its items, and the CRM has not heard of yet: unit and price.
SERVICES = (
    ("Assembly", "HOUR", 75), ("Clearance", "DAY", 720), ("Delivery to the Desk", "HOUR", 65), ("Disposal", "HOUR", 55),
    ("Ergonomics Advice", "HOUR", 140), ("Floor Plan", "DAY", 1_150), ("Fire Safety Check", "DAY", 1_300),
    ("Furniture Rental", "DAY", 90), ("Lighting Plan", "DAY", 1_200), ("Move Within the House", "DAY", 980),
    ("Repair", "HOUR", 80), ("Storage", "DAY", 40), ("Upholstery", "HOUR", 95), ("Workshop", "DAY", 1_600),
)  # fmt: skip

CURRENCIES = (
    ("AUD", "Australian dollar", "$"), ("BGN", "Bulgarian lev", "лв"), ("BRL", "Brazilian real", "R$"),
    ("CAD", "Canadian dollar", "$"), ("CHF", "Swiss franc", "Fr."), ("CNY", "Chinese yuan", "¥"),
    ("CZK", "Czech koruna", "Kč"), ("DKK", "Danish krone", "kr."), ("EUR", "Euro", "€"),
    ("GBP", "Pound sterling", "£"), ("HKD", "Hong Kong dollar", "$"), ("HUF", "Hungarian forint", "Ft"),
    ("IDR", "Indonesian rupiah", "Rp"), ("ILS", "Israeli shekel", "₪"), ("INR", "Indian rupee", "₹"),
    ("ISK", "Icelandic króna", "kr."), ("JPY", "Japanese yen", "¥"), ("KRW", "Korean won", "₩"),
    ("MXN", "Mexican peso", "$"), ("MYR", "Malaysian ringgit", "RM"), ("NOK", "Norwegian krone", "kr."),
    ("NZD", "New Zealand dollar", "$"), ("PHP", "Philippine peso", "₱"), ("PLN", "Polish złoty", "zł"),
    ("RON", "Romanian leu", "lei"), ("SEK", "Swedish krona", "kr."), ("SGD", "Singapore dollar", "$"),
    ("THB", "Thai baht", "฿"), ("TRY", "Turkish lira", "₺"), ("USD", "US dollar", "$"),
)  # fmt: skip

# Code, description, days until payment, days with a discount, discount in percent.
PAYMENT_TERMS = (
    ("COD", "Cash on delivery", 0, 0, "0.00"),
    ("7D", "Net 7 days", 7, 0, "0.00"),
    ("14D", "Net 14 days", 14, 0, "0.00"),
    ("21D", "Net 21 days", 21, 0, "0.00"),
    ("30D", "Net 30 days", 30, 0, "0.00"),
    ("60D", "Net 60 days", 60, 0, "0.00"),
    ("1M(8D)", "1 month, 2 % within 8 days", 30, 8, "2.00"),
    ("30D(14D)", "30 days, 3 % within 14 days", 30, 14, "3.00"),
)

# Salespeople of the CRM: short code, first name, last name, extension.
SALESPEOPLE = (
    ("AB", "Agnes", "Bonnet", "12"), ("CK", "Carl", "Keller", "48"), ("EL", "Élise", "Lambert", "103"),
    ("HW", "Hugo", "Winther", "7"), ("IM", "Ida", "Møller", "115"), ("NO", "Nora", "Olsen", "31"),
)  # fmt: skip

# Vendors of the ERP: name, town, country, VAT number; some are suppliers of the CRM under the same number.
VENDORS = (
    ("Aalborg Træ A/S", "AALBORG", "DK", "DK20010001"), ("Bremer Stahlbau GmbH", "BREMEN", "DE", "DE200100002"),
    ("Dalarna Timber AB", "UPPSALA", "SE", "SE200100030001"), ("Fil d'Or SARL", "LYON", "FR", "FR20200100004"),
    ("Glasværket A/S", "ODENSE", "DK", "DK20010005"), ("Hansa Beschläge GmbH", "HAMBURG", "DE", "DE200100006"),
    ("Leeds Castings Ltd", "LEEDS", "GB", "GB200100007"), ("Möbelglas AB", "MALMÖ", "SE", None),
    ("Atelier Éclat SARL", "NANTES", "FR", None), ("York Textiles Ltd", "YORK", "GB", None),
    ("Nordgaard Polster GmbH", "KÖLN", "DE", None), ("Papirfabrikken Vest A/S", "AARHUS", "DK", None),
)  # fmt: skip
# Suppliers of the CRM. Those without a number are found by name and town, however their letters are written; one
# stands there twice, and one is spelled so differently that only a person can tell.
SUPPLIERS = (
    *((name, town.title(), country, number) for name, town, country, number in VENDORS[:7]),
    ("MOBELGLAS AB", "Malmö", "SE", None), ("Atelier Eclat SARL", "Nantes", "FR", None),
    ("York Textiles Ltd", "York", "GB", None), ("York Textiles Ltd", "York", "GB", None),
    ("Nordgard Polster", "Köln", "DE", None),
)  # fmt: skip
